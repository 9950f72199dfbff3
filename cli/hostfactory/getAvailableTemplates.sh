#!/bin/sh
# Host Factory calls this as: getAvailableTemplates.sh -f FILE. What is printed and how it exits is the doing of ohf_cli.machine.
# This runs every half minute: it starts nothing but the interpreter that it finds first.
python= # the scripts of `ohf init` name theirs here
here=${0%"${0##*/}"}
if [ -z "$python" ] && [ -r "${here}interpreter" ]; then
    IFS= read -r python <"${here}interpreter"
fi
if [ -x "$python" ]; then
    exec "$python" -I -c 'import sys; from ohf_cli.machine import main; sys.exit(main())' getAvailableTemplates "$@"
fi
if command -v ohf-hostfactory >/dev/null 2>&1; then
    exec ohf-hostfactory getAvailableTemplates "$@"
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
    exec "$ours" getAvailableTemplates "$@"
fi
printf '%s\n' '{"message": "run getAvailableTemplates: no interpreter with ohf_iac in it is named by the script or by a file interpreter beside it, and ohf-hostfactory is neither on PATH nor in the project (run ohf init, or make venv)"}'
exit 1
