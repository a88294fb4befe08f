"""The id under which a request is answered and logged: the caller's `x-request-id`, or one that is made."""

import random
import re

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


def choose_request_id(given: str) -> str:
    """The id that was given, if it is printable and not too long, or else a new one: 32 random hexadecimal digits."""
    return given if given and _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"
