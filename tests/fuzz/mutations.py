"""Documents that are nearly right: valid ones with any value put anywhere, and texts with any byte wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.fuzz.judge import ENTRY, FILES

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"

#: an own value of each kind of JSON, and of each kind of trouble
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2.5, -0.0, 1e308, 2**53, 10**15, -(10**300)),
    *("", " ", "0", "t", "\x00", "\ud800", "\udfff\ud800", "\u202e\x1b[31m", "ü", "\U0001f600", "a\nb", "\x7f"),
    *("1" * 5000, "0." + "1" * 5000, "x" * 70_000, "1:" + "0" * 5000, "-", "1e5", "NaN", "${!a}", "{{ 1 / 0 }}"),
    *("/", "..", "../../etc/passwd", ".", "i-", "req-", "ret-zz", "a=b;c", "m5.", "$LSF_TOTAL_TARGET_CAPACITY"),
    *([], {}, [[]], [{}], {"": ""}, [None], ["", ""], {"a": []}, [0] * 300, {str(one): one for one in range(300)}),
    *("req-6553f100-0123456789abcdef", "ret-6553f100-0123456789abcdef", "i-0123456789abcdef0", "ec2.internal"),
)


def nested(levels: int) -> Any:
    """Arrays and objects in each other."""
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def seeds(target: str) -> list[bytes]:
    """Whole files of a target that are right."""
    if target in ("fleet", "script", "jinja"):
        scripts = {
            "fleet": [FIXTURES / "catalogues" / "ec2-fleet-config.json"],
            "script": [ROOT / "examples" / "provider" / "scripts" / "join-symphony.sh"],
            "jinja": [ROOT / "templates" / "user_data.sh.j2"],
        }
        return [one.read_bytes() for one in scripts[target]]
    if target in ("own", "ibm"):
        return [(ROOT / "examples" / "provider" / FILES[target]).read_bytes(), b"{}"]
    if target in FILES:
        catalogues = [
            *(FIXTURES / "catalogues").glob("[ls]*.json"),
            ROOT / "examples/provider/awsprov_templates.json",
        ]
        entries = [one for file in sorted(catalogues) for one in json.loads(file.read_bytes())["templates"]]
        documents = [{"templates": [{**one, "templateId": "t"}]} for one in (ENTRY, *entries)]
        return [_written(target, one).encode() for one in documents]
    return [one.read_bytes() for one in sorted((FIXTURES / "documents" / target / "accepted").iterdir())]


def files(target: str) -> st.SearchStrategy[bytes]:
    """Files of a target: right ones, nearly right ones, and bytes."""
    documents = [json.loads(text.decode("utf-8-sig")) for text in _documents(target)]
    if target in ("script", "jinja"):
        texts = st.sampled_from(seeds(target))
    else:
        mended = st.builds(_changed, st.sampled_from(documents), st.lists(_changes(), max_size=3))
        texts = mended.map(lambda one: _written(target, one).encode("utf-8", "surrogatepass"))
    spoiled = st.builds(
        _spoiled, texts, st.lists(st.tuples(st.sampled_from(SPOILS), _places()), min_size=1, max_size=3)
    )
    return texts | spoiled | st.binary(max_size=60)


def _documents(target: str) -> Iterator[bytes]:
    for text in seeds("catalogue" if target == "yaml" else target) if target not in ("script", "jinja") else ():
        if text.removeprefix(b"\xef\xbb\xbf").strip():
            yield text.replace(b": $LSF", b': "$LSF').replace(b"_CAPACITY,", b'_CAPACITY",')


def _written(target: str, document: Any) -> str:
    if target == "yaml":
        text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
        return text
    return json.dumps(document)


def _places() -> st.SearchStrategy[float]:
    """Where in a document, as a part of its length."""
    return st.floats(0, 1, exclude_max=True)


def _changes() -> st.SearchStrategy[tuple[float, str, Any]]:
    values = st.sampled_from(ODD) | st.integers(1, 80).map(nested) | st.floats() | st.text(max_size=8)
    verbs = st.sampled_from(("set", "set", "set", "drop", "double", "wrap", "rename"))
    return st.tuples(_places(), verbs, values)


def _changed(document: Any, changes: list[tuple[float, str, Any]]) -> Any:
    """A document with values replaced, dropped, doubled, wrapped or put under another key, anywhere in it."""
    holder = [copy.deepcopy(document)]
    for place, verb, value in changes:
        places = list(all_places(holder))
        where, key = places[int(place * len(places))]
        if verb == "set":
            where[key] = copy.deepcopy(value)  # the values are shared by all documents
        elif verb == "wrap":
            where[key] = [where[key]]
        elif verb == "double" and isinstance(where[key], list):
            where[key] = where[key] * 2
        elif verb == "rename" and isinstance(where, dict):
            where[value if isinstance(value, str) else json.dumps(value)] = where.pop(key)
        elif where is not holder:
            del where[key]
    return holder[0]


def all_places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document as its container and its key."""
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
    for key, one in pairs:
        yield value, key
        if isinstance(one, (dict, list)):
            yield from all_places(one)


def _put(inserted: bytes) -> Callable[[bytes, int], bytes]:
    return lambda text, at: text[:at] + inserted + text[at:]


#: what happens to a text at a place
SPOILS: tuple[Callable[[bytes, int], bytes], ...] = (
    lambda text, at: text[:at],
    lambda text, at: text[at:],
    lambda text, at: text[:at] + text[at + 1 :],
    lambda text, at: text[:at] + bytes([text[at] ^ 0x80 if text[at:] else 0]) + text[at + 1 :],
    lambda text, at: text[:at] + text[at : at + 40] * 50 + text[at:],
    lambda text, _at: b"\xef\xbb\xbf" + text,
    lambda text, _at: text.decode("utf-8", "replace").encode("utf-16"),
    lambda text, _at: text.decode("utf-8", "replace").encode("utf-32-be"),
    lambda text, _at: text.decode("utf-8", "replace").encode("latin-1", "replace"),
    lambda text, _at: text + text,
    *map(_put, (b"\x00", b"\xff", b"\xed\xa0\x80", b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"\\ud800", b'"')),
    *map(
        _put,
        (b"[" * 100, b'{"a":' * 5000, b"]" * 10, b",", b'"templateId": "t", ', b'"requests": [], ', b" " * 5000),
    ),
    *map(
        _put,
        (b"&a ", b"*a ", b"!!bool ", b"!!timestamp ", b"!!python/name:os.system ", b"<<: ", b"? ", b"- ", b"|\n"),
    ),
    *map(
        _put, (b'"\\UFFFFFFFF"', b"%YAML 9.9\n---\n", b"\n---\n", b"\t", b"#", b": ", b"~: ", b"%EXPORT_USER_DATA%")
    ),
    *map(
        _put, (b"{{ exports.__class__ }}", b"{% for a in range(9) %}", b"{{ 9 ** 9 }}", b"${", b"${!", b"{{", b"{#")
    ),
)


def _spoiled(text: bytes, spoils: list[tuple[Callable[[bytes, int], bytes], float]]) -> bytes:
    for spoil, place in spoils:
        text = spoil(text, int(place * (len(text) + 1)))
    return text
