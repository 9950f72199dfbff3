"""A hostile jinja2 script: it reaches nothing of Python's, and takes neither time nor memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from contextlib import suppress

import pytest

from ohf_iac.errors import ConfigurationError, ValidationError
from ohf_iac.render.bounded_jinja import UnfitScriptError, filled_in
from ohf_iac.template.user_data import LIMIT
from tests.config_files import settings_of
from tests.user_data import user_data_of

VALUES: dict[str, object] = {"a": "text", "n": 3, "user_data": {"k": "v", "x": "y"}, "exports": "export a=b;"}

GREEDY = {
    "a text repeated": "{{ 'a' * 10000000000 }}",
    "a text repeated from the right": "{{ 9999999999 * 'a' }}",
    "a power": "{{ 9 ** 9 ** 9 }}",
    "a shift by multiplying": "{% set ns = n %}" + "{{ 9999999999999 * 9999999999999 }}",
    "a list repeated": "{{ [1] * 1000000000 }}",
    "doubling": "{% set b = 'aaaaaaaa' %}" + "{% set b = b ~ b %}" * 40 + "{{ b }}",
    "doubling by adding": "{% set b = 'aaaaaaaa' %}" + "{% set b = b + b %}" * 40 + "{{ b }}",
    "doubling in a block": "{% set b = 'aaaa' %}" + "{% set b %}{{ b }}{{ b }}{% endset %}" * 40 + "{{ b }}",
    "a list of itself": "{% set b = [1] %}" + "{% set b = [b, b] %}" * 60 + "{{ b }}",
    "lists compared": "{% set b = [1] %}{% set c = [1] %}"
    + "{% set b = [b, b] %}{% set c = [c, c] %}" * 60
    + "{{ b == c }}",
    "replace": "{% set b = 'a' * 4000 %}{{ b|replace('a', b) }}",
    "join": "{% set b = 'a' * 4000 %}{{ b|join(b) }}",
    "indent": "{% set b = '\n' * 4000 %}{{ b|indent(4000) }}",
    "indent by far": "{{ '\n'|indent(10000000000) }}",
    "nested loops": "{% for b in 'x' * 5000 %}" * 4 + "{% endfor %}" * 4,
    "many nested loops": "{% for b in [1, 2, 3, 4] %}" * 18 + "{% endfor %}" * 18,
    "a loop of much work": "{% set b = ['x'] * 5000 %}{% for c in b %}" + "{{ 'z' in b }}" * 500 + "{% endfor %}",
    "filters in a loop": "{% set b = 'x' * 5000 %}{% for c in b %}"
    + "{{ (b|upper|lower|title)[0] }}" * 300
    + "{% endfor %}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "a loop that calls itself": "{% for b in [[1]] recursive %}{{ loop([b, b]) }}{% endfor %}",
    "a long number": "{{ " + "9" * 16000 + " }}",
    "deep brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep lists": "{{ " + "[" * 5000 + "]" * 5000 + " }}",
    "deep conditions": "{% if 1 %}" * 1500 + "{% endif %}" * 1500,
    "a format": "{{ '%1000000000d'|format(1) }}",
    "a format operator": "{{ '%1000000000d' % 1 }}",
    "a method": "{{ 'a'.ljust(10000000000) }}",
    "a formatting method": "{{ '{:>10000000000}'.format(1) }}",
    "a method that joins": "{{ ('a' * 4000).join('a' * 4000) }}",
    "tabs": "{{ '\t'.expandtabs(10000000000) }}",
    "batches": "{{ [1]|batch(10000000000, 0)|list }}",
    "slices": "{{ [1]|slice(10000000000)|list }}",
    "centered": "{{ 'a'|center(10000000000) }}",
    "much output": "{% for b in 'x' * 5000 %}{{ exports }}{% endfor %}",
    "rounding": "{{ 1.5|round(400000000) }}",
}

CURIOUS = (
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ a.__class__.__mro__[1].__subclasses__() }}",
    "{{ user_data.__init__.__globals__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ lipsum.__globals__ }}",
    "{{ namespace }}",
    "{{ range(3) }}",
    "{{ dict(a=1) }}",
    "{{ '{0.__class__}'.format(a) }}",
    "{{ '{0.__class__}'.format_map(user_data) }}",
    "{{ user_data.items.__self__ }}",
    "{{ user_data.clear() }}",
    "{{ user_data.update({'k': 'z'}) }}",
    "{{ [].append(1) }}",
    "{% include '/etc/passwd' %}",
    "{% import '/etc/passwd' as p %}{{ p }}",
    "{% from '/etc/passwd' import p %}",
    "{% extends '/etc/passwd' %}",
    "{{ get_flashed_messages }}",
    "{{ request }}",
    "{{ a|map('format')|list }}",
    "{{ [a]|map(attribute='__class__')|list }}",
    "{{ (a|upper).__class__ }}",
    "{% for k in user_data %}{{ loop.__class__ }}{% endfor %}",
    "{{ caller() }}",
    "{{ a() }}",
    "{{ 1 / 0 }}",
    "{{ 1 + 'a' }}",
    "{{ a.b.c }}",
    "{{ a|int|join }}",
    "{{ [1, 2][9] }}",
    "{% for b in 3 %}{% endfor %}",
    "{% for b in nothing %}{% endfor %}",
    "{{ {}.x }}",
    "{{ a | e }}",
    "{{ a | safe }}",
)

USEFUL = {
    "{% for k, v in user_data.items() %}{{ k }}={{ v }};{% endfor %}": "k=v;x=y;",
    "{% for k in user_data %}{{ loop.index }}{{ k }}{% if not loop.last %},{% endif %}{% endfor %}": "1k,2x",
    "{{ user_data.k }}{{ user_data['x'] }}{{ user_data.get('z', '-') }}": "vy-",
    "{{ user_data.z | default('none') }}": "none",
    "{% if user_data.z is defined %}y{% else %}n{% endif %}{{ 'y' if nothing is defined else 'n' }}": "nn",
    "{{ a | upper }} {{ a.upper() }} {{ a ~ '-' ~ n }}": "TEXT TEXT text-3",
    "{{ '=' * 5 }} {{ n * 2 + 1 }} {{ n % 2 }}": "===== 7 1",
    "{{ user_data | dictsort | map('first') | join(',') }}": "k,x",
    "{{ a | replace('e', 'E') }}{{ user_data | length }}{{ [3, 1] | sort | first }}": "tExt21",
    "{% set b = 'x,y'.split(',') %}{{ b[1] }}{{ a[:2] }}": "yte",
    "{% macro m(x) %}{% endmacro %}ok {% raw %}{{ raw }}{% endraw %} ${HOME} {# no #}": "ok {{ raw }} ${HOME} ",
    "{{ 'a\nb' | indent(2) }}": "a\n  b",
    "{{ exports }}\n": "export a=b;\n",
}


def test_no_script_takes_time_or_memory() -> None:
    """All in one process with little of either; the kernel ends it when one of them takes more."""
    program = (
        "import json, sys\n"
        "from ohf_iac.render.bounded_jinja import UnfitScriptError, filled_in\n"
        "for script, values in json.load(sys.stdin):\n"
        "    try: print('made', len(filled_in(script, values)))\n"
        "    except UnfitScriptError as error: print('refused', str(error)[:80].replace(chr(10), ' '))\n"
    )

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (600_000_000, 600_000_000))
        resource.setrlimit(resource.RLIMIT_CPU, (40, 40))

    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([(script, VALUES) for script in GREEDY.values()]),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=little,
    )
    told = done.stdout.splitlines()
    assert len(told) == len(GREEDY), f"{list(GREEDY)[len(told)]} after {told[-1:]}: {done.stderr}"
    assert (done.returncode, done.stderr) == (0, "")
    assert sum(line.startswith("refused") for line in told) > len(GREEDY) * 3 / 4


@pytest.mark.parametrize("script", CURIOUS)
def test_a_script_reaches_nothing_of_pythons(script: str) -> None:
    found = ""
    with suppress(UnfitScriptError):
        found = filled_in(script, VALUES)
    for trace in ("<class", "<function", "<built-in", "<bound", "<module", "root:", "object at 0x"):
        assert trace not in found
    assert VALUES["user_data"] == {"k": "v", "x": "y"}


@pytest.mark.parametrize(("script", "made"), USEFUL.items())
def test_what_scripts_are_for_still_works(script: str, made: str) -> None:
    assert filled_in(script, VALUES) == made


def test_what_fails_is_told_as_the_templates_own() -> None:
    with pytest.raises(ValidationError, match=r"^render template t1: userDataScript: s\.j2: division by zero$"):
        user_data_of({"s.j2": b"{{ 1 / 0 }}"}, userDataScript="s.j2")


def test_a_text_as_long_as_ec2_takes_is_made() -> None:
    assert len(filled_in("x" * LIMIT, {})) == LIMIT
    with pytest.raises(UnfitScriptError, match="more than 16384 bytes"):
        filled_in("x" * LIMIT + "{{ 1 }}", {})


def test_a_value_that_looks_like_an_export_stays_one_value() -> None:
    """It once broke at `;export ` in the profile that is written where there is no script."""
    found = user_data_of({}, userData={"a": "1;export b=2"})
    assert found is not None
    assert b"\nexport a='1;export b=2'\n" in found


@pytest.mark.parametrize("value", ["x\nOHF_END\nid", "a\rb", "a\x00b", "\x1b[0m"])
def test_no_setting_ends_the_quoting_of_a_script(value: str) -> None:
    for key in ("providerName", "clusterName"):
        with pytest.raises(ConfigurationError, match=f"template.{key}"):
            settings_of({"template": {key: value}})
