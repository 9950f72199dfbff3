#!/bin/bash
# Adds this machine to the LSF cluster: the exports name the template and the account that LSF charges.
%EXPORT_USER_DATA%
LSF_ENVDIR=${LSF_ENVDIR:-/opt/lsf/conf}
resources="[resourcemap ${rc_account}*rc_account] [resourcemap ${template_id}*templateID]"
if [ -n "${clustername:-}" ]; then
    resources="${resources} [resourcemap ${clustername}*clusterName]"
fi
echo "LSF_LOCAL_RESOURCES=\"${resources}\"" >>"${LSF_ENVDIR}/lsf.conf"
exec "${LSF_ENVDIR}/../bin/lsf_daemons" start
