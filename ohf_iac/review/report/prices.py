"""What one request can cost at most, by a price table that the reviewer gives: nobody is asked for prices. Pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ohf_iac.errors import ValidationError
from ohf_iac.review.report.page import Cost
from ohf_iac.review.report.reading import machine_types, most_units

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_prices(document: object, region: str = "") -> dict[str, Decimal]:
    """Instance types to dollars an hour, from `{type: price}` or `{region: {type: price}}`; ValidationError."""
    if not isinstance(document, dict):
        raise ValidationError("read prices: an object of instance types and dollars an hour is expected")
    table = document
    if document and all(isinstance(one, dict) for one in document.values()):
        if region not in document:
            known = ", ".join(sorted(map(str, document)))
            raise ValidationError(f"read prices: none for region {region or '(not known)'}", hint=f"known: {known}")
        table = document[region]
    return {str(name): _price(str(name), value) for name, value in table.items()}


def _price(name: str, value: object) -> Decimal:
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        price = Decimal(-1)
    if isinstance(value, bool) or not price.is_finite() or price < 0:
        raise ValidationError(f"read prices: that of {name} is not dollars an hour", hint='such as "0.096"')
    return price


def ceiling(body: Mapping[str, Any], prices: Mapping[str, Decimal], units: int | None = None) -> Cost | None:
    """The most that a request of `units` (else of as many as the body allows) costs an hour, were all its machines
    of the type that is dearest for a unit; None where the body bounds no units or names no types."""
    asked = units if units is not None else most_units(body)
    types = machine_types(body)
    if asked is None or not types:
        return None
    unpriced = tuple(sorted(set(types) - set(prices)))
    # of a type with weight w as many machines come as give the units, rounded up
    sums = {name: -(-asked // weight) * prices[name] for name, weight in types.items() if name in prices}
    if not sums:
        return Cost("", "the price table has none of its types", unpriced)
    dearest = max(sums, key=lambda name: (sums[name], name))
    machines = -(-asked // types[dearest])
    how = f"{machines} × {dearest} at ${prices[dearest]:f}, the dearest way to {asked} units"
    return Cost(f"{sums[dearest]:.2f}", how, unpriced)
