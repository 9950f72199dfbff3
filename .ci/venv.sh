#!/bin/sh
# Makes .venv with the project and its development tools in it, or finds it whole and says nothing.
#
#   PYTHON=python3.12 .ci/venv.sh     uses that interpreter; without PYTHON: the newest python3 >= 3.11 on PATH
#
# .venv/.stamp is written last. It holds what .venv was made from; an environment without it was interrupted
# and is made anew. pip is run with the user's own settings: no index, proxy or certificate is chosen here.
set -eu
cd "$(dirname "$0")/.."
venv=.venv
stamp=$venv/.stamp

fail() {
    printf 'ohf_iac: %s\n' "$1" >&2
    exit 1
}

# An activated .venv stands first on PATH, and it may be the broken one that is to be replaced.
PATH=$(printf '%s\n' "$PATH" | tr ':' '\n' | grep -vxF "$PWD/$venv/bin" | paste -sd: -)

# Where make runs several times at once, only one sets up. Not everything has flock; then nothing is locked.
if command -v flock >/dev/null 2>&1; then
    exec 9<.ci/venv.sh
    flock 9 2>/dev/null || :
fi

# identity PYTHON: one line that tells an interpreter from another, "" when it does not run or is too old.
# A pyenv shim is on PATH and does not run; that is why each candidate is tried.
identity() {
    "$1" -c '
import sys
if sys.version_info >= (3, 11):
    print("%d.%d.%d" % sys.version_info[:3], sys.base_prefix)
' 2>/dev/null || :
}

# can_make PYTHON: whether there is a way to a virtual environment with that interpreter.
can_make() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null ||
        "$1" -m pip --version >/dev/null 2>&1 ||
        command -v virtualenv >/dev/null 2>&1
}

# choose: sets `python`. A newer interpreter that cannot make an environment yields to an older one that can.
choose() {
    if [ -n "${PYTHON:-}" ]; then
        [ -n "$(identity "$PYTHON")" ] || fail "PYTHON=$PYTHON does not run or is older than 3.11: set PYTHON to a newer one"
        python=$PYTHON
        can_make "$python" || lacking "$python"
        return
    fi
    newest=
    for minor in 19 18 17 16 15 14 13 12 11 ''; do
        python=python3${minor:+.$minor}
        if command -v "$python" >/dev/null 2>&1 && [ -n "$(identity "$python")" ]; then
            newest=${newest:-$python}
            if can_make "$python"; then
                return
            fi
        fi
    done
    [ -z "$newest" ] || lacking "$newest"
    fail "no Python 3.11 or newer on PATH: install one (Debian, Ubuntu: apt-get install python3 python3-venv) or set PYTHON"
}

lacking() {
    fail "$1 can make no virtual environment: install venv for it (Debian, Ubuntu: apt-get install python3-venv) or virtualenv"
}

# create: the empty environment. Debian ships Python without ensurepip; an outer pip can fill an
# environment that has none of its own (pip >= 22.3), and so can virtualenv.
create() {
    rm -rf "$venv"
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv "$venv"
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m venv --without-pip "$venv"
    else
        virtualenv --quiet --python "$python" "$venv"
    fi
}

# pip ARGUMENTS: the environment's own pip, else the outer one told where to install.
pip() {
    if "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        "$venv/bin/python" -m pip "$@"
    else
        "$python" -m pip --python "$venv/bin/python" "$@"
    fi
}

# What the environment must have been made from to count as whole. The place is part of it, because
# console scripts and the editable install hold absolute paths.
wanted() {
    printf '%s\n' "$PWD" "$(cksum <pyproject.toml)" "$1"
}

# found: leaves the way to the environment beside the scripts, so that a copy of their folder works anywhere.
# In a checkout that may not be written they still find it by themselves.
found() {
    beside=cli/hostfactory/interpreter
    [ -d cli/hostfactory ] || return 0
    [ "$(cat "$beside" 2>/dev/null || :)" = "$PWD/$venv/bin/python" ] ||
        { printf '%s\n' "$PWD/$venv/bin/python" >"$beside"; } 2>/dev/null || :
}

made=
if [ -f "$stamp" ]; then
    made=$(identity "$venv/bin/python")
fi
if [ -n "$made" ] && { [ -z "${PYTHON:-}" ] || [ "$(identity "$PYTHON")" = "$made" ]; }; then
    if [ "$(wanted "$made")" = "$(cat "$stamp")" ]; then
        found
        exit 0
    fi
    [ "$(head -n 1 "$stamp")" = "$PWD" ] || made=
else
    made=
fi

choose
if [ -z "$made" ]; then
    printf 'ohf_iac: setting up %s with %s, once; this takes a minute or two\n' "$venv" "$python" >&2
    create || fail "$python could not make $venv: the lines above say why"
else
    printf 'ohf_iac: pyproject.toml has changed, bringing %s up to date\n' "$venv" >&2
    rm -f "$stamp"
fi
pip install --quiet --editable '.[dev]' ||
    fail "pip could not install the project: the lines above say why; PYTHON chooses another interpreter"
# The build may have seen another botocore than the one that is installed. Without the models calls are only slower.
"$venv/bin/python" -m ohf_iac.aws.model_build || :
wanted "$(identity "$venv/bin/python")" >"$stamp.new"
mv "$stamp.new" "$stamp"
found
