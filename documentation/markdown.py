"""Markdown out of values."""

from collections.abc import Iterable, Sequence

GENERATED = "<!-- made from the program by `make reference-docs` -->\n"


class NotDocumented(Exception):
    """Something that people use says nothing of itself; the message names it, and where to say it."""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what stands in its cells is Markdown."""
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(escaped(cell).replace('|', '&#124;') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """A `<` that is not set as code would begin a tag."""
    parts = text.split("`")
    return "`".join(part if number % 2 else part.replace("<", "&lt;") for number, part in enumerate(parts))


def code(text: object) -> str:
    """Set as code; nothing for an empty text."""
    return f"`{text}`" if str(text) else ""


def said(text: str | None, where: str) -> str:
    """A text in one line. Raises NotDocumented where there is none."""
    if not text or not text.strip():
        raise NotDocumented(f"{where} is not documented; expected a description, or a docstring")
    return " ".join(text.split())
