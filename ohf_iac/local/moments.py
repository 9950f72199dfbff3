"""Times as AWS writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(epoch: float) -> datetime:
    """The moment as an aware datetime in UTC."""
    return datetime.fromtimestamp(epoch, UTC)


def iso(epoch: float) -> str:
    """Whole seconds with a Z, as activities and reasons have them: 2024-05-01T12:00:00Z."""
    return moment(epoch).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch(value: object) -> float:
    """Epoch seconds of a datetime, a number or an ISO 8601 text (without a zone: UTC).

    Raises ValueError when it is none of them.
    """
    if isinstance(value, int | float):
        return float(value)
    parsed = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
