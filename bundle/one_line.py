"""The words of others in an error's text: on one line, and not longer than a reader needs."""

from pydantic import ValidationError

_MOST_CHARACTERS = 300


def one_line(text: object) -> str:
    """`text` with a space for each end of a line, cut off where it is very long."""
    line = " ".join(str(text).split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}…"


def explain_first(error: ValidationError, whole: str = "the document") -> str:
    """Where a document is not what it should be, and why; `whole` is what the document itself is called."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or whole
    return f"{one_line(where)}: {one_line(first['msg'])}"
