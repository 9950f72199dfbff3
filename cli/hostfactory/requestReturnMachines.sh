#!/bin/sh
# Host Factory calls this as: requestReturnMachines.sh -f FILE. What is printed and how it exits is ohf-hostfactory's doing.
# Found on PATH, nothing more is started: this runs every half minute.
if command -v ohf-hostfactory >/dev/null 2>&1; then
    exec ohf-hostfactory requestReturnMachines "$@"
fi
self=$0
while [ -h "$self" ]; do
    target=$(readlink "$self")
    case $target in
    /*) self=$target ;;
    *) self=${self%"${self##*/}"}$target ;;
    esac
done
ours=${self%"${self##*/}"}../../.venv/bin/ohf-hostfactory
if [ -x "$ours" ]; then
    exec "$ours" requestReturnMachines "$@"
fi
printf '%s\n' '{"message": "run requestReturnMachines: ohf-hostfactory is neither on PATH nor in the project (install ohf_iac, or run make venv)"}'
exit 1
