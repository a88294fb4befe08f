"""The time of day, as the documents have it."""

from datetime import UTC, datetime


def now() -> str:
    """ISO 8601 in UTC, to the millisecond, so that two of them compare as text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
