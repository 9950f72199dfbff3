#!/bin/bash
# Runs as root when a machine starts: tells the grid's agent which request it belongs to, then starts it.
set -euo pipefail
%EXPORT_USER_DATA%

AGENT_HOME=${AGENT_HOME:-/opt/grid}
mkdir -p "${AGENT_HOME}/conf"
cat >"${AGENT_HOME}/conf/host.env" <<END
template_id=${template_id}
rc_account=${rc_account}
request_id=${HF_REQUEST_ID}
END

if [ -x "${AGENT_HOME}/bin/start" ]; then
    exec "${AGENT_HOME}/bin/start"
fi
