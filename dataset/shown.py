"""A file's own words in an error's text: on one line, and not longer than a reader needs."""

_MOST_CHARACTERS = 64


def quoted(text: str) -> str:
    """A cell, in quotes."""
    return repr(_cut(text))


def named(text: str) -> str:
    """A column's name: as it is, or in quotes where it is nothing that one reads past."""
    return text if text.isprintable() and len(text) <= _MOST_CHARACTERS else quoted(text)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
