"""The file with credentials of assumed roles: private, in one piece, and believed only where it is ours."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from ohf_iac.aws.role_cache import Keys, RoleCache, key_of

ONE, OTHER = Keys("ASIA1", "secret", "token", 2000.0), Keys("ASIA2", "secret2", "token2", 3000.0)


@pytest.fixture
def cache(tmp_path: Path) -> RoleCache:
    found = RoleCache(str(tmp_path / "grid-roles.json"))
    found.keep("a", ONE, 1000)
    return found


def test_what_is_kept_is_found_until_it_ends(cache: RoleCache) -> None:
    cache.keep("b", OTHER, 1000)
    assert (cache.find("a", 1999), cache.find("b", 1999)) == (ONE, OTHER)
    assert cache.find("a", 2000) is None
    assert cache.find("c", 1000) is None


def test_what_has_ended_is_not_kept_any_longer(cache: RoleCache) -> None:
    cache.keep("b", OTHER, 2500)
    assert "secret" in Path(cache.path).read_text()
    assert list(json.loads(Path(cache.path).read_text())["roles"]) == ["b"]


def test_it_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        RoleCache(str(tmp_path / "x")).keep("a", ONE, 0)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()] == [0o600]


def _shared(path: Path) -> None:
    path.chmod(0o640)


def _linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def _given_away(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(path, 4242, -1)


def _written(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def _changed(**fields: object) -> Callable[[Path], object]:
    entry = {**ONE._asdict(), **fields}
    return _written(json.dumps({"format": 1, "roles": {"a": entry}}))


SPOILT: dict[str, Callable[[Path], object]] = {
    "shared": _shared,
    "a link": _linked,
    "a folder": _folder,
    "a pipe": _pipe,
    "another owner's": _given_away,
    "gone": lambda path: path.unlink(),
    "empty": _written(""),
    "half": lambda path: path.write_text(path.read_text()[:60]),
    "no JSON": _written("{"),
    "a list": _written("[]"),
    "no UTF-8": lambda path: path.write_bytes(b"\xff"),
    "deep": _written("[" * 100_000),
    "another format": lambda path: path.write_text(path.read_text().replace('"format": 1', '"format": 2')),
    "no roles": _written('{"format": 1}'),
    "roles of another type": _written('{"format": 1, "roles": ["a"]}'),
    "no end": _changed(ends=None),
    "endless": _changed(ends=float("inf")),
    "no number": _changed(ends=float("nan")),
    "no secret": _changed(secret_key=""),
    "a secret of another type": _changed(secret_key=["secret"]),
}


@pytest.mark.parametrize("how", SPOILT)
def test_one_that_is_spoilt_holds_nothing_and_is_replaced(cache: RoleCache, how: str) -> None:
    path = Path(cache.path)
    SPOILT[how](path)
    assert cache.find("a", 1000) is None
    if how == "a folder":
        cache.keep("b", OTHER, 1000)  # it cannot be replaced, and nothing is raised
        return
    cache.keep("b", OTHER, 1000)
    assert cache.find("b", 1000) == OTHER
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600


def test_without_a_path_or_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    for path in ("", str(tmp_path / "none" / "x")):
        RoleCache(path).keep("a", ONE, 0)
        assert RoleCache(path).find("a", 0) is None
    assert list(tmp_path.iterdir()) == []


def test_a_key_shows_nothing_and_differs_with_every_part() -> None:
    keys = {key_of(), key_of("a"), key_of("a", ""), key_of("", "a"), key_of("a", 1), key_of("ab"), key_of("a", "b")}
    assert len(keys) == 7
    assert "AKIASECRET" not in key_of("AKIASECRET")
