"""Numbers and moments as the page says them."""

import re
from datetime import datetime

from markupsafe import Markup, escape


def short_digest(digest: str) -> str:
    """`sha256:0123456789ab`, or an empty text as it is."""
    return digest[:19]


def points(share: float, places: int = 1) -> str:
    """A signed difference of shares in percentage points, with a real minus."""
    rounded = round(100 * share, places) + 0.0  # no negative zero
    return f"{rounded:+.{places}f}".replace("-", "\u2212")


def share(part: float, places: int = 1) -> str:
    """A share of 1 in percent."""
    return f"{100 * part:.{places}f} %"


def time_of_day(at: str) -> str:
    """`16:38:34` of an ISO 8601 moment, as it was written."""
    return at[11:19]


def moment(at: str | datetime | None) -> str:
    """`2026-11-21 16:38:34`, or a dash where there is none."""
    text = at.isoformat() if isinstance(at, datetime) else at or ""
    return text[:19].replace("T", " ") or "\u2013"


def duration(seconds: float) -> str:
    """`48 s`, `12 min` or `3.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def metric(value: float) -> str:
    """Four places, or none where it is large; with a real minus."""
    return (f"{value:.4f}" if abs(value) < 1000 else f"{value:,.0f}").replace("-", "\u2212")


def change(value: float) -> str:
    """The same, with its sign."""
    return (f"{value:+.4f}" if abs(value) < 1000 else f"{value:+,.0f}").replace("-", "\u2212")


def breakable(name: str) -> Markup:
    """A long name of parts, escaped, that may go on in the next line after each of them."""
    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=[._/])", name))
