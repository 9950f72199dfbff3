"""The example scripts, filled in as a machine gets them, run in a folder that pretends to be a cluster's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.template.catalogue import TemplateDefaults
from tests.user_data import VALUES, user_data_of

ROOT = Path(__file__).resolve().parents[2]
SYMPHONY = ROOT / "examples" / "provider" / "scripts" / "join-symphony.sh"
WINDOWS = ROOT / "examples" / "provider" / "scripts" / "join-symphony.ps1"
LSF = ROOT / "examples" / "catalogues" / "files" / "user_data.sh"

#: notes how it was called; like IBM's profiles, it reads a variable that may be unset
NOTE = '#!/bin/sh\nprintf "%s %s\\n" "$(basename "$0")" "$*" >>"$NOTES"\n'
PROFILE = 'echo "profile $LD_LIBRARY_PATH" >>"$NOTES"\nfalse\n'
CURL = """#!/bin/sh
printf 'curl %s\\n' "$*" >>"$NOTES"
case "$*" in
*"-X PUT"*/api/token) printf token-1 ;;
*"token: token-1"*/instance-id) printf i-0123456789abcdef0 ;;
*"token: token-1"*/instance-type) printf c5.large ;;
*) exit 22 ;;
esac
"""


class Machine:
    """A folder with commands that note their calls, in front of the real PATH."""

    def __init__(self, folder: Path, **commands: str) -> None:
        self.top = folder
        self.notes = folder / "notes"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name, text in commands.items():
            self.put(f"bin/{name.replace('_sh', '.sh')}", text)

    def put(self, name: str, text: str) -> None:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def starts(self, script: bytes) -> subprocess.CompletedProcess[str]:
        """What cloud-init does: the script in a file, run with next to no environment."""
        path = self.top / "script"
        path.write_bytes(script)
        path.chmod(0o755)
        environ = {"PATH": f"{self.bin}:/usr/bin:/bin", "NOTES": str(self.notes)}
        return subprocess.run([str(path)], env=environ, cwd="/", capture_output=True, text=True, check=False)

    def noted(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []


@pytest.fixture
def symphony(tmp_path: Path) -> Machine:
    runuser = f'{NOTE}shift 3\nexec "$@"\n'
    commands = dict.fromkeys(("egoconfig", "egosh", "egosetrc_sh", "egosetsudoers_sh"), NOTE)
    machine = Machine(tmp_path, runuser=runuser, **commands)
    machine.put("ego/profile.platform", PROFILE)
    return machine


@pytest.fixture
def lsf(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path, curl=CURL)
    machine.put("lsf/etc/lsf_daemons", NOTE)
    machine.put("lsf/conf/profile.lsf", f"{PROFILE}LSF_SERVERDIR={tmp_path}/lsf/etc\n")
    machine.put("lsf/conf/lsf.conf", 'LSF_MASTER_LIST="m1"\nLSF_LOCAL_RESOURCES="[resource awshost]"\nLSB_X=1\n')
    return machine


def script_for(path: Path, settings: TemplateDefaults | None = None, **variables: str) -> bytes:
    found = user_data_of({"s": path.read_bytes()}, settings, userDataScript="s", userData=variables)
    assert found is not None
    return found


def test_a_symphony_host_joins_as_the_administrator_and_starts(symphony: Machine) -> None:
    script = script_for(SYMPHONY, EGO_TOP=f"{symphony.top}/ego", EGO_MASTER="sym1.example.com")
    done = symphony.starts(script)
    assert (done.returncode, done.stderr) == (0, "")
    runuser, *rest = symphony.noted()
    assert runuser.startswith("runuser -u egoadmin -- bash -c ")
    assert rest == [
        "profile ",
        "egoconfig join sym1.example.com -f",
        "profile ",
        "egosetrc.sh ",
        "egosetsudoers.sh -f",
        "egosh ego start",
    ]


def test_a_symphony_host_tells_ego_what_it_is(symphony: Machine) -> None:
    more = {"EGO_ATTRIBUTES": "template_id HF_REQUEST_ID", "EGO_ADMIN": "admin"}
    script = script_for(SYMPHONY, None, EGO_TOP=f"{symphony.top}/ego", EGO_MASTER="sym1", **more)
    assert symphony.starts(script).returncode == 0
    told = [line for line in symphony.noted() if line.startswith("egoconfig addresourceattr")]
    assert told == [
        "egoconfig addresourceattr [resourcemap t1*template_id]",
        f"egoconfig addresourceattr [resourcemap {VALUES['RequestId']}*HF_REQUEST_ID]",
    ]
    assert symphony.noted()[0].startswith("runuser -u admin ")


def test_a_symphony_host_that_is_told_no_cluster_says_so_and_starts_nothing(symphony: Machine) -> None:
    done = symphony.starts(script_for(SYMPHONY, EGO_TOP=f"{symphony.top}/ego"))
    assert done.returncode != 0
    assert "EGO_MASTER: the entry has to name it in userData" in done.stderr
    assert symphony.noted() == []


def test_a_symphony_host_that_cannot_join_does_not_start(symphony: Machine) -> None:
    symphony.put("bin/egoconfig", f"{NOTE}exit 1\n")
    done = symphony.starts(script_for(SYMPHONY, EGO_TOP=f"{symphony.top}/ego", EGO_MASTER="sym1"))
    assert done.returncode == 1
    assert not [line for line in symphony.noted() if line.startswith("egosh")]


def local_resources(machine: Machine) -> str:
    lines = (machine.top / "lsf" / "conf" / "lsf.conf").read_text().splitlines()
    assert lines[:-1] == ['LSF_MASTER_LIST="m1"', "LSB_X=1"]
    return lines[-1]


def lsf_script(machine: Machine) -> bytes:
    settings = TemplateDefaults(provider_name="aws", cluster_name="lsf1")
    return script_for(LSF, settings, LSF_TOP=f"{machine.top}/lsf")


def test_an_lsf_host_says_whose_it_is_and_what(lsf: Machine) -> None:
    done = lsf.starts(lsf_script(lsf))
    assert (done.returncode, done.stderr) == (0, "")
    assert local_resources(lsf) == (
        'LSF_LOCAL_RESOURCES="[resource awshost] [resourcemap default*rc_account]'
        " [resourcemap i-0123456789abcdef0*instanceID] [resourcemap c5.large*vm_type] [resourcemap t1*templateID]"
        ' [resourcemap lsf1*clusterName] [resourcemap aws*providerName]"'
    )
    assert lsf.noted()[-2:] == ["profile ", "lsf_daemons start"]


def test_an_lsf_host_asks_the_metadata_service_in_its_second_version(lsf: Machine) -> None:
    lsf.starts(lsf_script(lsf))
    token, *asked = [line for line in lsf.noted() if line.startswith("curl ")]
    assert "-X PUT -H X-aws-ec2-metadata-token-ttl-seconds: 300 http://169.254.169.254/latest/api/token" in token
    assert len(asked) == 2
    assert all("-H X-aws-ec2-metadata-token: token-1" in line for line in asked)


def test_an_lsf_host_without_metadata_joins_all_the_same(lsf: Machine) -> None:
    lsf.put("bin/curl", "#!/bin/sh\nexit 28\n")
    assert lsf.starts(lsf_script(lsf)).returncode == 0
    assert "instanceID" not in local_resources(lsf)
    assert "[resourcemap t1*templateID]" in local_resources(lsf)
    assert lsf.noted()[-1] == "lsf_daemons start"


@pytest.mark.parametrize("before", ["[resource awshost]", "[resource awshost] [resourcemap east*site]", ""])
def test_an_image_made_of_a_joined_host_does_not_keep_its_origin(lsf: Machine, before: str) -> None:
    said = f'LSF_LOCAL_RESOURCES="{before}"\n' if before else ""
    lsf.put("lsf/conf/lsf.conf", f'LSF_MASTER_LIST="m1"\n{said}LSB_X=1\n')
    lsf.starts(lsf_script(lsf))
    once = local_resources(lsf)
    lsf.starts(lsf_script(lsf))
    assert local_resources(lsf) == once
    assert once.startswith(
        f'LSF_LOCAL_RESOURCES="{before or "[resource awshost]"} [resourcemap default*rc_account]'
    )


def test_the_windows_script_is_for_ec2launch_and_arrives_byte_for_byte() -> None:
    content = WINDOWS.read_bytes()
    assert content.startswith(b"<powershell>\r\n")
    assert content.endswith(b"</powershell>\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert user_data_of({"s.ps1": content}, userDataScript="s.ps1") == content


@pytest.mark.parametrize("path", [SYMPHONY, LSF], ids=lambda path: path.name)
def test_scripts_are_far_from_ec2s_limit(path: Path) -> None:
    long: dict[str, Any] = {f"variable{number}": "x" * 200 for number in range(20)}
    assert len(script_for(path, **long)) < 12_000
