"""What a request is called where it is answered and logged: its id, and the trace that it is a part of."""

import random
import re

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")


def choose_request_id(given: str) -> str:
    """The caller's `x-request-id`, if it is printable and not too long; or else a new one, 32 hexadecimal digits."""
    return given if given and _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"


def find_trace_id(trace_parent: str) -> str | None:
    """The trace's id in a `traceparent` (W3C Trace Context, section 3.2); None for any other text."""
    found = _TRACE_PARENT.fullmatch(trace_parent)
    return found[1] if found else None
