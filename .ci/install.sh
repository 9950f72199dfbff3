#!/bin/sh
# Installs the wheels beside this script: without root, without a package index, without any setting of pip's.
#
#   ./install.sh PREFIX                            makes a virtual environment there, or brings it up to date
#   PYTHON=/path/to/python ./install.sh PREFIX     with that interpreter
set -eu
version=@VERSION@
platform=@PLATFORM@
requirement='@REQUIREMENT@'

fail() {
    printf 'ohf_iac: %s\n' "$1" >&2
    exit "${2:-1}"
}

[ $# = 1 ] && [ -n "$1" ] || fail "usage: install.sh PREFIX, for instance install.sh /opt/ohf" 64
case $0 in
*/*) here=$(cd "${0%/*}" && pwd) ;;
*) here=$(pwd) ;;
esac

# fits PYTHON: whether that interpreter runs, is the one that the wheels are for, and can make environments.
fits() {
    [ "$("$1" -I -c '
import sys, sysconfig, venv
print("%d.%d" % sys.version_info[:2], sysconfig.get_platform())
' 2>/dev/null || :)" = "$version $platform" ]
}

python=
for candidate in "${PYTHON:-}" ${PYTHON:+''} "python$version" python3; do
    if [ -n "$candidate" ] && [ -z "$python" ] && fits "$candidate"; then
        python=$candidate
    fi
    [ -z "${PYTHON:-}" ] || break
done
[ -n "$python" ] || fail "these wheels are for Python $version on $platform, and ${PYTHON:-what is on PATH} is none: set PYTHON to one"

"$python" -I -c '
import hashlib, pathlib, sys
here = pathlib.Path(sys.argv[1])
for line in (here / "SHA256SUMS").read_text().splitlines():
    wanted, name = line.split("  ", 1)
    if hashlib.sha256((here / name).read_bytes()).hexdigest() != wanted:
        sys.exit(f"{name} is damaged")
' "$here" || fail "the bundle is not as it was made: carry it over again"

if [ -e "$1" ] && [ ! -f "$1/pyvenv.cfg" ] && [ -n "$(ls -A "$1" 2>/dev/null || echo file)" ]; then
    fail "$1 is there and is no virtual environment: name another folder"
fi
# Debian ships Python without ensurepip, so pip runs from its own wheel and stays out of the environment.
"$python" -I -m venv --without-pip "$1" || fail "$python could not make $1: the lines above say why"
prefix=$(cd "$1" && pwd)
set -- "$here"/wheels/pip-*.whl
PIP_CONFIG_FILE=/dev/null "$prefix/bin/python" -I "$1/pip" install --isolated --no-index --find-links "$here/wheels" \
    --force-reinstall --no-cache-dir --disable-pip-version-check --quiet "$requirement" ||
    fail "pip could not install $requirement: the lines above say why"
printf '%s is installed in %s\nnext: %s\n' "$requirement" "$prefix" \
    "'$prefix/bin/ohf' init --hf-top \$HF_TOP    (or --lsf-top \$LSF_TOP, or -d DIR; --help tells more)"
