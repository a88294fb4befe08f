"""A few rows of a file, and the limits of a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from open_inference import InferRequest
from open_inference.json_object import quote
from predictor.errors import BodyTooLarge, RequestRefused


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How much may be in a file."""

    rows: int
    rows_of_piece: int
    pixels: int
    """Of one picture."""
    entry_bytes: int
    """Of one file in an archive, unpacked."""
    unpacked_bytes: int
    """Of all files in an archive."""

    def check_rows(self, rows: int) -> None:
        """Raises BodyTooLarge."""
        if rows > self.rows:
            raise BodyTooLarge(f"the file has more than {self.rows} rows; expected at most as many")


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some rows that follow each other."""

    read: Callable[[], InferRequest]
    """The request for them; called once, in an inference thread."""
    names: Sequence[str] = ()
    """Of the pictures, if they are pictures."""
    labels: Sequence[str] = ()
    """What each row really is, if that was asked: names of classes."""


def check_label(label: str, classes: Sequence[str], place: str) -> str:
    """The label. Raises RequestRefused, which starts with `place`, when it is no class."""
    if label not in classes:
        raise RequestRefused(f"{place} has the label {quote(label)}; expected one of {', '.join(classes[:20])}")
    return label


@dataclass(frozen=True, slots=True)
class FileRules:
    """How much a file may be, and how long it may take."""

    limits: FileLimits
    body_limit_bytes: int
    deadline_seconds: float
    """For the whole file, its way here included."""
    at_once: int
    """Files that are in memory; the next one is refused."""
