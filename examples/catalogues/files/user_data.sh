#!/bin/bash
# Joins this machine to an LSF cluster when it starts for the first time. cloud-init runs it as root.
#
# The image holds LSF below LSF_TOP, set up as a dynamic host of the cluster. What the machine is goes into the
# LSF_LOCAL_RESOURCES of lsf.conf, where LSF's resource connector looks for it; lsf.shared on the management host
# defines the resources: awshost (Boolean); rc_account, instanceID, vm_type, templateID, clusterName, providerName
# (String). A machine that cannot ask the metadata service joins without what it would have heard there.
# As scripts/user_data.sh beside the catalogue it also serves entries that have userData and no userDataScript.
set -euo pipefail
# shellcheck disable=SC2288 # the exports of the request come here
%EXPORT_USER_DATA%

LSF_TOP=${LSF_TOP:-/opt/lsf}
conf=${LSF_TOP}/conf/lsf.conf
metadata=http://169.254.169.254/latest

ask() { curl --silent --fail --max-time 5 --retry 3 "$@" || true; }
token=$(ask -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "${metadata}/api/token")
about() { ask -H "X-aws-ec2-metadata-token: ${token}" "${metadata}/meta-data/$1"; }

resources=
add() { [ -z "$1" ] || resources="${resources} [resourcemap $1*$2]"; }
add "${rc_account:-}" rc_account
add "$(about instance-id)" instanceID
add "$(about instance-type)" vm_type
add "${template_id:-}" templateID
add "${clustername:-}" clusterName
add "${providerName:-}" providerName

# one line: what the image says there, without what an earlier start of the image's origin added, and then ours
before=$(sed -n 's/^LSF_LOCAL_RESOURCES=//p' "${conf}" | tail -n 1 | tr -d '"')
before=${before% \[resourcemap *\*rc_account]*}
others=$(grep -v '^LSF_LOCAL_RESOURCES=' "${conf}" || true)
printf '%s\nLSF_LOCAL_RESOURCES="%s"\n' "${others}" "${before:-[resource awshost]}${resources}" >"${conf}"

set +eu # LSF's own script may read what is unset
# shellcheck source=/dev/null
. "${LSF_TOP}/conf/profile.lsf"
set -e
"${LSF_SERVERDIR}/lsf_daemons" start
