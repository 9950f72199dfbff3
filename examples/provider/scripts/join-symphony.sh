#!/bin/bash
# Joins this machine to a Symphony cluster when it starts for the first time. cloud-init runs it as root.
#
# The image holds Symphony as a compute host below EGO_TOP, joined to nothing. The entry of the catalogue names the
# cluster, for instance with "userData": "EGO_MASTER=sym1.example.com;EGO_TOP=/opt/ibm/spectrumcomputing".
# EGO_ATTRIBUTES lists variables, such as template_id, that EGO is told of as attributes of this host; ego.shared on the
# management host has to define resources of these names first.
set -euo pipefail
# shellcheck disable=SC2288 # the exports of the request come here
%EXPORT_USER_DATA%

EGO_TOP=${EGO_TOP:-/opt/ibm/spectrumcomputing}
EGO_ADMIN=${EGO_ADMIN:-egoadmin}

as_admin() {
    # shellcheck disable=SC2016 # the inner shell expands them
    runuser -u "${EGO_ADMIN}" -- bash -c '. "$0/profile.platform"; "$@"' "${EGO_TOP}" "$@"
}

as_admin egoconfig join "${EGO_MASTER:?the entry has to name it in userData}" -f
for name in ${EGO_ATTRIBUTES:-}; do
    as_admin egoconfig addresourceattr "[resourcemap ${!name}*${name}]"
done

set +eu # Symphony's own script may read what is unset
# shellcheck source=/dev/null
. "${EGO_TOP}/profile.platform"
set -e
egosetrc.sh         # EGO starts again with the machine
egosetsudoers.sh -f # and EGO_ADMIN may start it
egosh ego start
