"""Asking again while a store is not up yet, or has not got the content yet, within a time that is given."""

import time
from collections.abc import Callable
from typing import TypeVar

from content_store.errors import ContentNotFound, StoreUnreachable

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 3.0
_T = TypeVar("_T")


def ask_patiently(attempt: Callable[[], _T], timeout_seconds: float, report: Callable[[str], None]) -> _T:
    """What `attempt` returns, tried again for `timeout_seconds` while it raises what time can mend; then that.

    `report` is told of each new reason to wait.
    """
    deadline = time.monotonic() + timeout_seconds
    pause, told = _FIRST_PAUSE_SECONDS, ""
    while True:
        try:
            return attempt()
        except (StoreUnreachable, ContentNotFound) as error:
            left = deadline - time.monotonic()
            if left <= 0:
                raise
            if str(error) != told:
                told = str(error)
                report(f"{told}; trying again for {left:.0f} s")
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
