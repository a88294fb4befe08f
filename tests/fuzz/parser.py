"""A parser, as the list names it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parser:
    """One way in."""

    name: str
    samples: Sequence[bytes]
    """Valid ones."""
    read: Callable[[bytes], None]
    """Takes an input through the product, and raises AssertionError where the value is not what was sent."""
    refuses: tuple[type[Exception], ...]
    """What the product documents to be raised for an input that it does not take."""
    repair: Callable[[bytes], bytes] | None = None
    """Makes the checksums of a changed sample right again, so that what stands behind them is reached, too."""
    words: Sequence[bytes] = ()
    """What its form gives a meaning to, beside what all forms have."""
    is_json: bool = False
    """Whether a sample is one JSON document, which can be changed as such."""
    message_bytes: int = 1000
    """How long a refusal may be."""
    memory_bytes: int = 64 * 2**20
    """What it may take beside a hundred times the input."""
