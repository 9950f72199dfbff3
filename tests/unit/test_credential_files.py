"""Files with keys that others may read, or that belong to others, are refused with what to do about it."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ohf_iac.aws.credential_files import check_keys_file
from ohf_iac.errors import ConfigurationError

ROOT = os.geteuid() == 0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_one_for_its_owner_alone_is_taken(file: Path, mode: int) -> None:
    file.chmod(mode)
    check_keys_file(str(file))


@pytest.mark.parametrize(
    ("mode", "whose"),
    [
        (0o644, "every user of this host"),
        (0o604, "every user of this host"),
        (0o602, "every user of this host"),
        (0o601, "every user of this host"),
        (0o640, "its group"),
        (0o620, "its group"),
        (0o660, "its group"),
    ],
)
def test_one_that_others_may_use_is_refused_with_the_command_that_mends_it(
    file: Path, mode: int, whose: str
) -> None:
    file.chmod(mode)
    with pytest.raises(ConfigurationError) as refused:
        check_keys_file(str(file))
    assert refused.value.message == (f"Cannot use the credentials in {file}: {whose} may use it (mode {mode:04o})")
    assert refused.value.hint == f"chmod 600 {file}"


def test_a_link_is_judged_by_what_it_leads_to(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    check_keys_file(str(link))
    file.chmod(0o644)
    with pytest.raises(ConfigurationError):
        check_keys_file(str(link))


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_one_of_another_user_is_refused(file: Path) -> None:
    os.chown(file, 4242, -1)
    with pytest.raises(ConfigurationError, match="it belongs to user 4242, and this is user 0") as refused:
        check_keys_file(str(file))
    assert f"chown 0 {file}" in refused.value.hint


@pytest.mark.skipif(not ROOT, reason="only root becomes somebody else")
@pytest.mark.parametrize(
    ("mode", "hint"),
    [(0o640, ""), (0o440, ""), (0o644, "chmod 640"), (0o660, "chmod 640"), (0o600, "")],
)
def test_root_may_keep_one_for_a_services_group(mode: int, hint: str) -> None:
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)  # pytest's own folders are closed to others
        file = Path(folder, "keys")
        file.touch()
        file.chmod(mode)
        child = os.fork()
        if child == 0:
            os.seteuid(4242)
            os._exit(_judged(str(file)))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (1 if hint else 0)


def _judged(path: str) -> int:
    """0: taken; 1: refused with the mode that it may have; 2: refused otherwise."""
    try:
        check_keys_file(path)
    except ConfigurationError as error:
        return 1 if error.hint == f"chmod 640 {path}" else 2
    return 0


def test_what_is_no_file_is_left_to_whoever_made_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o666)
    check_keys_file(str(pipe))
    check_keys_file(os.devnull, must_exist=True)


def test_one_that_is_not_there_matters_where_it_is_named(tmp_path: Path) -> None:
    check_keys_file(str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="No such file") as refused:
        check_keys_file(str(tmp_path / "none"), must_exist=True)
    assert "credentialsFile" in refused.value.hint
