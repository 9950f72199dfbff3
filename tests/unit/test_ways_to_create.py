"""There are two ways by which a stack comes to be, and approvals stand before both.

What they refuse is tested end to end (test_enforcement, test_plans); here it is held that no third way is added
beside them unnoticed.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: calls of AWS by which a stack begins or gets another body
CREATING = {"create_stack", "update_stack", "execute_change_set"}
#: who may make them: the door to AWS, and the functions in front of it
DOORS = {"ohf_iac/aws/cloudformation.py", "ohf_iac/aws/change_sets.py", "ohf_iac/commands.py"}
#: the operations that go through those doors, and what each asks before
GUARDED = {"ohf_iac/operations/requesting.py": "outgoing", "ohf_iac/review/applying.py": "_check_approval"}


def callers(root: Path) -> dict[str, list[str]]:
    """The names called in each module that creates stacks, in their order; operations given as texts count too."""
    found: dict[str, list[str]] = {}
    for folder in ("ohf_iac", "cli"):
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if name.startswith("ohf_iac/local/"):
                continue
            names = [called for node in ast.walk(ast.parse(path.read_text())) for called in _named(node)]
            if CREATING & set(names):
                found[name] = names
    return found


def _named(node: ast.AST) -> list[str]:
    if not isinstance(node, ast.Call):
        return []
    function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return [function, *(str(one.value) for one in node.args if isinstance(one, ast.Constant))]


def test_stacks_are_created_in_two_places_behind_an_approval() -> None:
    found = callers(ROOT)
    assert set(found) - DOORS == set(GUARDED)
    for name, guard in GUARDED.items():
        assert guard in found[name]


@pytest.mark.parametrize(
    "text",
    ["def f(calls):\n    calls.call('cloudformation', 'create_stack', 'x', 'y')\n", "commands.create_stack(1)\n"],
)
def test_a_third_way_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "ohf_iac").mkdir()
    (tmp_path / "ohf_iac" / "novelty.py").write_text(text)
    assert set(callers(tmp_path)) == {"ohf_iac/novelty.py"}
