"""The id under which a request is answered and logged: the caller's `x-request-id`, or one that is made."""

import re
import uuid

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


def choose_request_id(given: str) -> str:
    """The id that was given, if it is printable and not too long, or else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
