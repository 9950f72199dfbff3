"""A hostile environment: variables of shells and of Python, odd folders, names and locales; none of it is run."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ohf_iac.app import app_for
from ohf_iac.config import load
from ohf_iac.errors import BusinessRuleError, ConfigurationError
from ohf_iac.installation.places import alone
from ohf_iac.installation.scripts import with_interpreter
from ohf_iac.installation.timer import units_for
from tests.config_files import FOLDERS
from tests.e2e.provider import EXAMPLE, NAME, ROOT, SCRIPTS

TRAP = '#!/bin/sh\ntouch \'{pwned}\'\nexec /usr/bin/env "$0.real" "$@"\n'
pytestmark = pytest.mark.skipif(os.name == "nt", reason="shell scripts")


def installed(folder: Path) -> Path:
    """The scripts as `ohf init` writes them, with their interpreter named."""
    folder.mkdir(parents=True)
    shipped = {one.name: one.read_bytes() for one in SCRIPTS.glob("*.sh")}
    for name, text in with_interpreter(shipped, sys.executable).items():
        (folder / name).write_bytes(text)
        (folder / name).chmod(0o755)
    return folder


def environ(folder: Path) -> dict[str, str]:
    for name in ("work", "log"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "HF_PROVIDER_NAME": NAME,
        "HF_PROVIDER_CONFDIR": str(EXAMPLE),
        "HF_PROVIDER_WORKDIR": str(folder / "work"),
        "HF_PROVIDER_LOGDIR": str(folder / "log"),
        "PATH": "/usr/bin:/bin",
    }


def templates(script: Path, variables: Mapping[str, str] | Mapping[bytes, bytes], cwd: Path) -> list[str]:
    """The ids that getAvailableTemplates offers; stderr is empty, stdout one object."""
    done = subprocess.run(
        [script, "-f", "/dev/null"],
        env=variables,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [one["templateId"] for one in json.loads(done.stdout)["templates"]]


def test_variables_of_shells_and_of_python_change_nothing_and_run_nothing(tmp_path: Path) -> None:
    """One call under all of them: a trap leaves a file, whichever it is."""
    pwned, traps = tmp_path / "pwned", tmp_path / "traps"
    traps.mkdir()
    for name in (
        "python",
        "python3",
        "ohf-hostfactory",
        "readlink",
        "printf",
        "cat",
        "sh",
        "env",
        "dirname",
        "command",
    ):
        (traps / name).write_text(TRAP.format(pwned=pwned))
        (traps / name).chmod(0o755)
    for module in ("json", "sitecustomize", "usercustomize", "ohf_iac", "ohf_cli", "os", "re"):
        (traps / f"{module}.py").write_text(f"open({str(pwned)!r}, 'w')\nraise SystemExit(3)\n")
    (traps / "rc").write_text(f"touch '{pwned}'\n")
    hostile = {
        "PATH": f"{traps}:/usr/bin:/bin",
        **dict.fromkeys(("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONPLATLIBDIR"), str(traps)),
        "PYTHONSTARTUP": str(traps / "json.py"),
        "PYTHONINSPECT": "1",
        "PYTHONDEBUG": "1",
        "PYTHONVERBOSE": "1",
        "PYTHONWARNINGS": "error",
        "PYTHONDEVMODE": "1",
        "PYTHONIOENCODING": "utf-16",
        "PYTHONUNBUFFERED": "1",
        "PYTHONBREAKPOINT": "os.system",
        "PYTHONMALLOC": "nonsense",
        "PYTHONHASHSEED": "nonsense",
        **dict.fromkeys(("ENV", "BASH_ENV"), str(traps / "rc")),
        "BASH_FUNC_exec%%": f"() {{ touch '{pwned}'; }}",
        "BASH_FUNC_command%%": f"() {{ touch '{pwned}'; }}",
        "PS4": f"$(touch '{pwned}')",
        "PROMPT_COMMAND": f"touch '{pwned}'",
        "SHELLOPTS": "noglob",
        "IFS": "/aeiou",
        "CDPATH": str(traps),
        "GLOBIGNORE": "*",
        "POSIXLY_CORRECT": "1",
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "nonsense",
        "TZ": "../../etc/passwd",
        "HOME": str(traps),
        "TMPDIR": "/nonexistent",
        "COLUMNS": "-1",
        "HF_LOGLEVEL": "$(id)",
        "SCRIPT_OPTIONS": f"clusterName=$(touch '{pwned}') -Dx",
        "OHF_LOGGING_LEVEL": "DEBUG",
        "OHF_NONSENSE_KEY": "`id`",
    }
    script = installed(tmp_path / "scripts") / "getAvailableTemplates.sh"
    plain = templates(script, environ(tmp_path), traps)
    assert plain
    assert templates(script, environ(tmp_path) | hostile, traps) == plain
    assert not pwned.exists()


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "a;touch pwned",
        "$(touch pwned)",
        "`touch pwned`",
        "-n",
        "*",
        "a'b",
        'a"b',
        "a\\b",
        "a&b",
        "#a",
        "~",
        "%s",
        "ö",
    ],
)
def test_a_folder_of_any_name_is_a_folder(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    script = installed(place / "scripts") / "getAvailableTemplates.sh"
    shutil.copytree(EXAMPLE, place / "conf")
    variables = environ(place) | {"HF_PROVIDER_CONFDIR": str(place / "conf")}
    assert templates(script, variables, tmp_path)
    assert not list(tmp_path.rglob("pwned"))


def test_folders_whose_names_are_no_text_are_folders(tmp_path: Path) -> None:
    place = os.fsencode(tmp_path) + b"/\xff\xfe x"
    os.makedirs(place + b"/work")
    shutil.copytree(EXAMPLE, os.fsdecode(place + b"/conf"))
    names = {"CONF": b"/conf", "WORK": b"/work", "LOG": b"/log"}
    variables = {b"HF_PROVIDER_%sDIR" % key.encode(): place + end for key, end in names.items()}
    variables |= {b"HF_PROVIDER_NAME": b"grid", b"PATH": b"/usr/bin:/bin"}
    script = installed(tmp_path / "scripts") / "getAvailableTemplates.sh"
    assert templates(script, variables, tmp_path)
    missing = variables | {b"HF_PROVIDER_CONFDIR": place + b"/gone"}
    done = subprocess.run([script], env=missing, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert "Cannot find" in json.loads(done.stdout)["message"]


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "/etc/x", "$(id)", "a b", "a\nb", ".", "..", "", "x" * 65, "ä", "a\\b"]
)
def test_a_providers_name_is_no_path(name: str) -> None:
    with pytest.raises(ConfigurationError, match="provider"):
        load({**FOLDERS, "HF_PROVIDER_NAME": name}, lambda _path: None)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OHF_PROVIDER_OWNER", "$(id)"),
        ("OHF_PROVIDER_OWNER", "a b"),
        ("OHF_PROVIDER_EC2_ENDPOINT", "file:///etc/passwd"),
        ("OHF_PROVIDER_EC2_ENDPOINT", "http://a\r\nX: y"),
        ("OHF_STORAGE_KIND", "../../x"),
        ("OHF_LIMITS_DEADLINE", "1e999"),
        ("OHF_LIMITS_DEADLINE", "nan"),
        ("OHF_LOGGING_ROTATIONS", "9" * 5000),
        ("OHF_TEMPLATE_TAGS", "{}"),
        ("OHF_TEMPLATE_PROVIDER_NAME", "x"),
    ],
)
def test_a_variable_that_makes_no_sense_is_refused_in_words(variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=variable) as caught:
        load({**FOLDERS, variable: value}, lambda _path: None)
    assert len(caught.value.message) < 400


def test_the_hosts_name_leads_no_log_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host may be named anything by whoever sets it up; Windows takes the name from the environment."""
    real = os.uname()
    for name in ("../../../x", "/etc/x", "a/../b", "a\nb", "", "C:\\x"):
        monkeypatch.setattr(os, "uname", lambda name=name: os.uname_result((real[0], name, *real[2:])))
        conf = {**FOLDERS, "HF_PROVIDER_CONFDIR": str(EXAMPLE), "HF_PROVIDER_LOGDIR": str(tmp_path / "log")}
        file = app_for(conf).log.file
        assert file is not None
        assert os.path.dirname(file.path) == str(tmp_path / "log")
        assert os.path.basename(file.path).startswith("grid-provider.log.")
        assert file.path.isprintable()


@pytest.mark.parametrize("place", ["/opt/a\nExecStartPre=/bin/sh", "/opt/a\rb", "/opt/\x00"])
def test_no_path_adds_a_setting_to_a_unit(place: str) -> None:
    with pytest.raises(BusinessRuleError, match="write the timer"):
        units_for(alone("symphony", "grid", place), "/usr/bin/python3", "ego")


def sources() -> Iterator[Path]:
    for folder in ("ohf_iac", "cli"):
        yield from (ROOT / folder).rglob("*.py")


def test_nothing_is_handed_to_a_shell_and_no_text_is_run() -> None:
    """No call that interprets a text, in the whole product: commands are lists, documents are data."""
    banned = re.compile(
        r"^(eval|exec|compile|os\.(system|popen|exec\w*|spawn\w*|posix_spawn\w*)|pty\.spawn|subprocess\.(getoutput|"
        r"getstatusoutput)|pickle\.\w+|marshal\.loads?|shelve\.open|yaml\.(unsafe_load|full_load|"
        r"load_all)|tempfile\.mktemp|xml\.\w+\.\w+|__import__)$"
    )
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                assert not banned.match(name), f"{path}:{node.lineno} calls {name}"
                for word in node.keywords:
                    assert word.arg != "shell", f"{path}:{node.lineno} asks for a shell"
                if name.startswith("subprocess."):
                    assert not isinstance(node.args[0], (ast.Constant, ast.JoinedStr)), f"{path}:{node.lineno}"


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sh")), ids=lambda one: one.name)
def test_every_value_in_a_shell_script_is_quoted(script: Path) -> None:
    """Outside of quotes a shell splits and expands, but in an assignment and in the word of a `case`."""
    for line in re.sub(r"(?m)(^|\s)#.*$", "", script.read_text()).splitlines():
        bare = re.sub(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", "", line)
        assert "`" not in bare
        assert "eval" not in bare
        if not re.match(r"\s*(?:\w+=\S*$|\S*\*\) \w+=\S* ;;$|case \$\w+ in$|\w+=\$\(readlink \)$)", bare):
            assert "$" not in bare, line


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.bat")), ids=lambda one: one.name)
def test_every_value_in_a_batch_script_is_quoted(script: Path) -> None:
    """`cmd` splits at `&` and `|` outside of quotes; `%*` are the arguments as they came, quotes and all."""
    text = script.read_text()
    assert "enabledelayedexpansion" not in text.lower()
    for line in text.splitlines():
        if line.startswith("rem "):
            continue
        bare = re.sub(r'"[^"]*"', "", line)
        assert not re.search(r"%(?!\*|errorlevel%|ohf%|python%?$)[^%]+%|%~", bare), line


def test_a_socket_for_an_input_is_told(tmp_path: Path) -> None:
    """An input that is no file: told as such, at once."""
    here = os.getcwd()
    os.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        os.chdir(here)
        done = subprocess.run(
            [installed(tmp_path / "scripts") / "getRequestStatus.sh", "-f", str(tmp_path / "socket")],
            env=environ(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "")
    assert "read input" in json.loads(done.stdout)["message"]
