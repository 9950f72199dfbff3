"""Secrets in user data: found by line and never shown, and nothing found where there is none."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohf_cli.edge import run
from ohf_cli.human import called
from ohf_iac.config import Settings, load
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.exposure import RULE, exposures
from ohf_iac.installation.samples import catalogue as sample_catalogue
from ohf_iac.io_log import Call, line_of
from ohf_iac.log import masked
from ohf_iac.secret_findings import Secret, secrets_in, secrets_in_script
from ohf_iac.secret_forms import FORMS, without_secrets
from ohf_iac.template.catalogue import TemplateDefaults, parse_catalogue
from tests.config_files import FOLDERS
from tests.user_data import ENTRY

ROOT = Path(__file__).resolve().parents[2]
# put together, so that nobody's scanner takes this file for a leak
KEY_ID = "AKIA" + "J7Q2M5XW3RT6YB4N"
SECRET_KEY = "p7Qe2vX9sLk4+Wm8/Zr1Tb6Yc3Nd5Hf0Jg7Ka2Qs"
GITHUB = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
SLACK = "xoxb-" + "123456789012-abcdefGHIJKL"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "-----BEGIN " + "OPENSSH PRIVATE KEY-----"

#: a line, and what of it must never be shown
SECRETS = {
    "key id": (f"export AWS_ACCESS_KEY_ID={KEY_ID}", KEY_ID),
    "secret key": (f"aws_secret_access_key = {SECRET_KEY}", SECRET_KEY),
    "camelCase": (f'  "SecretAccessKey": "{SECRET_KEY}",', SECRET_KEY),
    "configure": (f"aws configure set aws_secret_access_key {SECRET_KEY} # {KEY_ID}", SECRET_KEY),
    "session token": (f"AWS_SESSION_TOKEN={'IQoJb3JpZ2luX2VjEJr' * 4}==", "IQoJb3JpZ2luX2Vj"),
    "private key": (PEM, "PRIVATE KEY-----"),
    "private key in base64": ("  content: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVkt", "BRUdJTiBSU0E"),
    "shell": ("DB_PASSWORD=hunter2", "hunter2"),
    "plain word": ("export PASSWORD=correcthorse", "correcthorse"),
    "word with more behind it": ("PGPASSWORD=correcthorse psql -h db", "correcthorse"),
    "quoted": ("export ADMIN_PASSWD='pa$$w0rd'", "pa$$w0rd"),
    "ini": ("password = s3cr3t-one", "s3cr3t-one"),
    "yaml": ("  plain_text_passwd: 'admin01'", "admin01"),
    "json": ('{"db": {"password": "tiger!!"}}', "tiger!!"),
    "option": ("ipa-client-install -p admin --password Zebra77 -U", "Zebra77"),
    "option with =": ("join --token=9f8e7d6c5b4a3210", "9f8e7d6c5b4a3210"),
    "api key": ("DD_API_KEY=0123456789abcdef0123456789abcdef bash -c install", "0123456789abcdef"),
    "token": ("REGISTRATION_TOKEN=AB12CD34EF56GH78", "AB12CD34EF56GH78"),
    "chpasswd": ("echo 'root:Zebra77' | chpasswd", "Zebra77"),
    "chpasswd with sudo": ('echo "egoadmin:Zebra77" | sudo chpasswd', "Zebra77"),
    "curl": ("curl -sf -u deploy:Zebra77 https://repo.example.com/x", "Zebra77"),
    "url": ("git clone https://deploy:Zebra77@git.example.com/x.git", "Zebra77"),
    "proxy": ("export https_proxy=http://user:Zebra77@proxy:3128", "Zebra77"),
    "bearer": ("curl -H 'Authorization: Bearer abcdef0123456789abcdef0123' https://x", "abcdef0123456789"),
    "basic": ("curl -H 'Authorization: Basic ZGVwbG95OlplYnJhNzc=' https://x", "ZGVwbG95OlplYnJhNzc"),
    "github": (f"git clone https://x-access-token:{GITHUB}@github.com/o/r", GITHUB),
    "slack": (f"curl -F token={SLACK} https://slack.com/api", SLACK),
    "jwt": (f"echo {JWT} > /etc/token", JWT),
    "sshpass": ("sshpass -p Zebra77 scp a b:", "Zebra77"),
    "mysql": ("mysql -u root -pZebra77 -e 'select 1'", "Zebra77"),
    "symphony": ("egosh user logon -u Admin -x Zebra77", "Zebra77"),
    "powershell": ('$Password = "Zebra77"', "Zebra77"),
    "secure string": ('$p = ConvertTo-SecureString "Zebra77" -AsPlainText -Force', "Zebra77"),
    "net user": ("net user svc Zebra77 /add", "Zebra77"),
    "batch": ("set DOMAIN_PASSWORD=Zebra77", "Zebra77"),
    "xml": ("<AdministratorPassword>Zebra77</AdministratorPassword>", "Zebra77"),
    "in a comment": ("# old one: password=Zebra77", "Zebra77"),
}

NONE = (
    "",
    "#!/bin/sh",
    "export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
    "PASSWORD=$(aws secretsmanager get-secret-value --secret-id prod/db --query SecretString --output text)",
    "PASSWORD=`cat /run/secret`",
    'export PASSWORD="$1"',
    'mysql -u root -p"$PASSWORD"',
    'curl -u "$USER:$PASSWORD" https://repo',
    "--password ${PASSWORD}",
    "docker login --username AWS --password-stdin 1.dkr.ecr.eu-west-1.amazonaws.com",
    "password={{ user_data.password }}",
    "set PASSWORD=%DOMAIN_PASSWORD%",
    "$password = Read-Host -AsSecureString",
    "password = config.db.password",
    "password = getpass('who')",
    "password: <your password here>",
    "PASSWORD=changeme",
    "PASSWORD=",
    "PASSWORD_FILE=/run/secrets/db1",
    "DB_SECRET_ARN=arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
    "SECRET_NAME=prod/db1",
    "sed -i 's/PasswordAuthentication no/PasswordAuthentication yes/' /etc/ssh/sshd_config",
    "PermitRootLogin without-password",
    "passwd:     files sss",
    "lock_passwd: false",
    "PASS_MAX_DAYS   90",
    "PASSWORD_MIN_LENGTH=14",
    'TOKEN=$(curl -X PUT http://169.254.169.254/latest/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 21600")',
    'curl -H "X-aws-ec2-metadata-token: $TOKEN" http://169.254.169.254/latest/meta-data/instance-id',
    "aws ec2 modify-instance-metadata-options --http-tokens required",
    "HttpTokens: required",
    "# Password: ask the administrators of the cluster",
    "# the password is in the vault",
    "# admin_password = whatever the vault says",
    "REM DOMAIN_PASSWORD=whatever",
    'read -s -p "Password: " answer',
    'echo "no password given" >&2',
    "the net user experience is fine",
    "credential_source = Ec2InstanceMetadata",
    'Action: "secretsmanager:GetSecretValue"',
    "cd $(pwd)",
    "PWD=/root",
    "OLDPWD=/",
    "sha256sum -c <<< '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  file'",
    "git checkout 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
    "tokenizer=bert-base-uncased2",
    "curl -fsSL https://repo.example.com:8443/x | tar xz",
    "http://user@host/path",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0rT4V4b1zS5fT0Q7hYk8yq0pV2mZ3kJ1xW9cN6eB5d me@host",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----",
    "egosh user logon -u Admin -x $EGO_PASSWORD",
    "bearer of good news",
    "echo 'root:$ROOT' | chpasswd",
    "EGO_SEC_CONF=/etc/ego/sec.conf",
    "key=value;key2=value2",
)

SCRIPTS = sorted(
    file
    for folder in ("examples", "templates", "cli/hostfactory", ".ci")
    for file in (ROOT / folder).rglob("*")
    if file.suffix in (".sh", ".ps1", ".bat", ".j2", ".json", ".yaml")
)


@pytest.mark.parametrize(("line", "hidden"), SECRETS.values(), ids=SECRETS)
def test_a_secret_is_found_by_its_line_and_never_told(line: str, hidden: str) -> None:
    found = secrets_in_script(f"#!/bin/sh\n\n{line}\necho done\n".encode())
    assert found
    assert {one.line for one in found} == {3}
    for one in found:
        assert hidden not in one.told
        assert one.told.startswith("line 3 holds ")


@pytest.mark.parametrize("line", NONE)
def test_what_is_no_secret_is_not_told(line: str) -> None:
    assert list(secrets_in(line)) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_this_project_ships_holds_none(script: Path) -> None:
    assert secrets_in_script(script.read_bytes()) == ()


def test_there_is_something_shipped() -> None:
    assert len(SCRIPTS) > 20


def test_forty_characters_are_a_key_near_a_key_id_only() -> None:
    assert [one.line for one in secrets_in(f"id={KEY_ID}\n{SECRET_KEY}\n")] == [1, 2]
    assert [one.line for one in secrets_in(f"id={KEY_ID}\n\n\n\n\n{SECRET_KEY}\n")] == [1]
    assert list(secrets_in(SECRET_KEY)) == []
    assert [one.line for one in secrets_in(f"{KEY_ID}\n2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")] == [1]


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: b"\xff\x00\x80" + text.encode("latin-1"),
        lambda text: text.replace("\n", "\r\n").encode(),
    ],
    ids=["UTF-16", "UTF-16 without mark", "mark", "gzip", "no text", "DOS"],
)
def test_in_any_encoding_that_a_machine_reads(encoded: Callable[[str], bytes]) -> None:
    found = secrets_in_script(encoded("<powershell>\n$Password = 'Zebra77'\n</powershell>\n"))
    assert Secret(2, "a password", "Password") in found or [one.kind for one in found] == ["a password"]


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b", b"\x1f\x8b\x08\x00broken", gzip.compress(b"x" * 10**7), bytes(range(256)) * 64]
)
def test_any_bytes_are_looked_at_within_bounds(content: bytes) -> None:
    assert secrets_in_script(content) == ()


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "password",
        "password=",
        "://",
        "-",
        "=",
        "A1a",
        "curl -u ",
        "net user ",
        "'",
        '"',
        "echo a:",
        "eyJ",
        "-----BEGIN ",
        "secret_",
        "AKIA",
    ],
)
def test_a_long_line_takes_no_time(piece: str) -> None:
    """Sixteen kilobytes without an end of line, which is the worst that EC2 takes; a hang is what would show."""
    list(secrets_in(piece * (16_384 // len(piece))))


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_any_text_is_looked_at_and_masked(text: str) -> None:
    for one in secrets_in(text):
        assert 1 <= one.line <= text.count("\n") + 1
    assert without_secrets(without_secrets(text)) == without_secrets(text)


@pytest.mark.parametrize(
    "name", ["key id", "private key", "url", "proxy", "bearer", "basic", "github", "slack", "jwt"]
)
def test_logs_and_the_io_log_mask_what_is_known_by_its_form(name: str) -> None:
    line, hidden = SECRETS[name]
    shown = without_secrets(line)
    assert "****" in shown
    assert hidden not in shown
    assert hidden not in json.dumps(masked({"message": line, "inner": [{"texts": (line,)}]}))
    for document in (json.dumps({"machines": [{"name": line}]}).encode(), f"no JSON {line}".encode()):
        told = json.dumps(line_of(Call(0.0, "requestReturnMachines", document, 1, {"message": line})))
        assert hidden not in told


def test_a_private_key_is_masked_with_all_its_lines() -> None:
    body = "b3BlbnNzaC1rZXktdjEAAAAA\nBG5vbmUAAAAEbm9uZQ=="
    text = f"before\n{PEM}\n{body}\n-----END " + "OPENSSH PRIVATE KEY-----\nafter"
    assert without_secrets(text) == "before\n****\nafter"


def test_every_form_has_its_hint() -> None:
    """A form whose hint is not in what it matches would never be looked for."""
    for form in FORMS:
        assert form.hint == form.hint.lower()
        re.compile(form.pattern)


def conf(folder: Path, script: str, **more: object) -> Settings:
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts" / "join.sh").write_text(script)
    entries = [{**ENTRY, "templateId": name, "userDataScript": "scripts/join.sh", **more} for name in ("a", "b")]
    (folder / "awsprov_templates.json").write_text(json.dumps({"templates": entries}))
    return load({**FOLDERS, "HF_PROVIDER_CONFDIR": str(folder)})


def test_validate_warns_with_file_line_and_rule_and_shows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    conf(
        tmp_path / "conf",
        "#!/bin/sh\nDB_PASSWORD=hunter2\n",
        userData="token=abcdef0123456789",
        instanceTags=f"k={GITHUB}",
    )
    for name, value in {**FOLDERS, "HF_PROVIDER_CONFDIR": str(tmp_path / "conf")}.items():
        monkeypatch.setenv(name, value)
    assert run(called, ["templates", "validate"]) == 0
    told = capsys.readouterr().out
    assert "a and 1 more  userDataScript: scripts/join.sh line 2 holds a password (DB_PASSWORD); whoever" in told
    assert "userData holds a key or token (token)" in told
    assert "instanceTags holds a GitHub token (k)" in told
    assert told.count(f"[{RULE}]") == 3
    assert run(called, ["templates", "validate", "--output", "json"]) == 0
    document = capsys.readouterr().out
    assert [(one["field"], one["line"], one["templates"]) for one in json.loads(document)["secrets"]] == [
        ("userDataScript", 2, ["a", "b"]),
        ("userData", 1, ["a", "b"]),
        ("instanceTags", 1, ["a", "b"]),
    ]
    for secret in ("hunter2", "abcdef0123456789", GITHUB):
        assert secret not in told + document


def test_the_examples_and_what_init_writes_expose_nothing() -> None:
    for folder in ("examples/provider", "examples/catalogues"):
        settings = load({**FOLDERS, "HF_PROVIDER_CONFDIR": str(ROOT / folder)})
        if (ROOT / folder / "awsprov_templates.json").is_file():
            assert exposures(load_catalogue(settings).templates, catalogue_files(settings)) == ()
    for scheduler in ("symphony", "lsf"):
        files = {"scripts/user_data.sh": (ROOT / "examples/catalogues/files/user_data.sh").read_bytes()}
        parsed = parse_catalogue(sample_catalogue(scheduler), TemplateDefaults(), files)
        assert parsed.templates
        assert exposures(parsed.templates, files) == ()
