"""A jinja2 script filled in within bounds: nothing of Python's is reached, and neither time nor memory runs away.

jinja2's sandbox keeps a script away from Python's internals, but lets it multiply texts and nest loops for as long
as it likes. Here every use of a variable, every round of a loop and every filter is paid for out of one budget, by
what it costs; a text never grows beyond what EC2 takes, so one that could not be sent is not made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jinja2 import StrictUndefined, TemplateError, Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from ohf_iac.template.user_data import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_BUDGET: Final = 4_000_000  # characters looked at: well below a second
_ROUND: Final = 256  # of a loop, whose body may hold much that costs nothing by itself
_LARGEST: Final = 2**63
#: filters whose work and result are in proportion to what they are given
_FILTERS: Final = (
    *("abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "int", "items", "last", "length"),
    *("list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort"),
    *("string", "title", "tojson", "trim", "unique", "upper"),
)
_METHODS: Final = frozenset(
    {
        "endswith",
        "get",
        "items",
        "keys",
        "lower",
        "lstrip",
        "rstrip",
        "split",
        "startswith",
        "strip",
        "upper",
        "values",
    }
)
#: what a script can make jinja2, and Python with the code that jinja2 writes, fail with
_FAILURES: Final = (
    TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
    SyntaxError,
)


class UnfitScriptError(Exception):
    """The script cannot be filled in; the argument says why."""


class _TooMuchError(TemplateError):
    """The script asks for more than it may."""


def filled_in(script: str, values: Mapping[str, object]) -> str:
    """The script with these values; raises UnfitScriptError, also for one longer than EC2 takes."""
    environment = _Bounded()
    pieces: list[str] = []
    length = 0
    try:
        template = environment.template(script)
        for piece in template.generate(values):
            length += len(piece)
            environment.pay(_ROUND + len(piece))
            if length > LIMIT:
                raise UnfitScriptError(f"filled in it has more than {LIMIT} bytes, and EC2 takes no more")
            pieces.append(piece)
    except _FAILURES as error:
        raise UnfitScriptError(f"{error}") from error
    return "".join(pieces)


class _Bounded(ImmutableSandboxedEnvironment):
    """The sandbox with a purse. One per script, because the purse is."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        # not optimized: what jinja2 tries to fold, level by level, costs the cube of an expression's depth
        super().__init__(undefined=StrictUndefined, keep_trailing_newline=True, optimized=False)
        self.filters = {name: self._paid(FILTERS[name]) for name in _FILTERS}
        self.filters |= {"join": self._joined, "replace": self._replaced, "indent": self._indented}
        self.filters |= {"_used": self._used, "_each": self._each}
        self._left = _BUDGET

    def template(self, script: str) -> Any:
        """The compiled script, in which variables and loops are paid for."""
        tree = _Priced().visit(self.parse(script))
        tree.set_environment(self)
        return self.template_class.from_code(self, self.compile(tree), {}, None)

    def pay(self, cost: int) -> None:
        """Take the cost of a step; raises when nothing is left."""
        self._left -= cost
        if self._left < 0:
            raise _TooMuchError("it takes too much work: too many rounds of loops, or texts too long")

    def is_safe_callable(self, obj: Any) -> bool:
        """Methods of texts and mappings that make nothing larger than what they are given."""
        own = type(getattr(obj, "__self__", None)) in (str, dict)
        if not own or getattr(obj, "__name__", "") not in _METHODS:
            raise SecurityError(f"{getattr(obj, '__name__', type(obj).__name__)} is not to be called here")
        return True

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiplication and remainder of numbers; a text repeated as far as it may be long."""
        if isinstance(left, int) and isinstance(right, str | list):
            left, right = right, left
        if operator == "*" and isinstance(left, str | list) and isinstance(right, int):
            self._fits(_weight(left) * max(right, 0))
        elif operator == "**" or not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise _TooMuchError(f"{operator} is not computed here, * and % of numbers are")
        found = super().call_binop(context, operator, left, right)
        if isinstance(found, int) and abs(found) >= _LARGEST:
            raise _TooMuchError("a number in it is too large")
        return found

    def _fits(self, length: int) -> None:
        self.pay(length)
        if length > LIMIT:
            raise _TooMuchError(f"a value in it is larger than {LIMIT} characters")

    @pass_context  # which is known at run time alone: what is folded while compiling would cost nothing after that
    def _used(self, context: Any, value: Any) -> Any:
        """A variable, paid for by what it holds."""
        del context
        self._fits(_weight(value))
        return value

    @pass_context
    def _each(self, context: Any, value: Iterable[Any]) -> list[Any]:
        """What a loop goes through, each round paid for."""
        del context
        items = list(value)
        self._fits(_weight(items))
        self.pay(_ROUND * len(items))
        return items

    def _paid(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def paid(*given: Any, **named: Any) -> Any:
            self.pay(16 + sum(map(_weight, (*given, *named.values()))))
            return function(*given, **named)

        paid.__dict__.update(getattr(function, "__dict__", {}))  # whether jinja2 hands in context or environment
        return paid

    def _joined(self, value: Iterable[Any], d: str = "") -> Any:
        items = [str(one) for one in self._used(None, list(value))]
        self._fits(sum(map(len, items)) + len(d) * len(items))
        return d.join(items)

    def _replaced(self, value: Any, old: str, new: str) -> str:
        text = str(value)
        self._fits(len(text) + text.count(old) * len(new))
        return text.replace(old, new)

    def _indented(self, value: Any, width: int = 4) -> str:
        text = str(value)
        self._fits(len(text) + (text.count("\n") + 1) * width)
        return text.replace("\n", "\n" + " " * width)


class _Priced(NodeTransformer):
    """Puts a price on variables and loops."""

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802 -- jinja2's name
        return _filter(node, "_used") if node.ctx == "load" else node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 -- jinja2's name
        self.generic_visit(node)
        node.iter = _filter(node.iter, "_each")
        return node


def _filter(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _weight(value: object) -> int:
    """The characters and items of a value, counted as often as they would be printed, as far as that matters."""
    waiting, found = [value], 0
    while waiting and found <= LIMIT:
        one = waiting.pop()
        found += 1
        if isinstance(one, str):
            found += len(one)
        elif isinstance(one, int):
            found += one.bit_length() // 8
        elif isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list | tuple) and not isinstance(one, Undefined):
            waiting += one
    return found
