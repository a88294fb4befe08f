"""Why a verdict is what it is: a closed set of codes for programs, a text for people, and the numbers behind both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ReasonCode(StrEnum):
    """Every reason that a verdict can have; verdict.py says which outcome each argues for."""

    NOT_WORSE_SHOWN = "NOT_WORSE_SHOWN"
    """The canary is shown not to be worse by more than the margin, and everything else that is asked is shown."""
    WORSE_WITHIN_MARGIN = "WORSE_WITHIN_MARGIN"
    """It is shown to be worse, too, but by less than the margin."""
    CLASS_WORSE_WITHIN_MARGIN = "CLASS_WORSE_WITHIN_MARGIN"
    """The same in a class."""
    SLICE_WORSE_WITHIN_MARGIN = "SLICE_WORSE_WITHIN_MARGIN"
    """The same in a group of a slice."""
    CLASS_NOT_ASSESSABLE = "CLASS_NOT_ASSESSABLE"
    """Classes have too few rows to show their margin, but none of them is required: a warning."""
    SLICE_NOT_ASSESSABLE = "SLICE_NOT_ASSESSABLE"
    """The same of groups of slices."""

    NO_EVIDENCE = "NO_EVIDENCE"
    """There are no rows."""
    TOO_FEW_ROWS = "TOO_FEW_ROWS"
    """There are fewer rows than the margin takes, whatever was answered."""
    NOT_WORSE_NOT_SHOWN = "NOT_WORSE_NOT_SHOWN"
    """There are enough rows for a verdict, but they show neither the margin nor harm."""
    CLASS_NOT_WORSE_NOT_SHOWN = "CLASS_NOT_WORSE_NOT_SHOWN"
    """The same in a class."""
    SLICE_NOT_WORSE_NOT_SHOWN = "SLICE_NOT_WORSE_NOT_SHOWN"
    """The same in a group of a slice."""
    REQUIRED_CLASS_NOT_ASSESSABLE = "REQUIRED_CLASS_NOT_ASSESSABLE"
    """Classes that the policy requires have too few rows."""
    REQUIRED_SLICE_NOT_ASSESSABLE = "REQUIRED_SLICE_NOT_ASSESSABLE"
    """Groups of slices that the policy requires have too few rows."""
    ACCURACY_FLOOR_NOT_SHOWN = "ACCURACY_FLOOR_NOT_SHOWN"
    """The canary's accuracy may be below the minimum."""

    HARM_SHOWN = "HARM_SHOWN"
    """The canary is shown to be worse."""
    CLASS_HARM_SHOWN = "CLASS_HARM_SHOWN"
    """The canary is shown to be worse in a class, by no known margin."""
    SLICE_HARM_SHOWN = "SLICE_HARM_SHOWN"
    """The same in a group of a slice."""
    BELOW_ACCURACY_FLOOR = "BELOW_ACCURACY_FLOOR"
    """The canary's accuracy is shown to be below the minimum."""

    PREDICTOR_UNREACHABLE = "PREDICTOR_UNREACHABLE"
    """A revision did not answer."""
    ANSWER_REFUSED = "ANSWER_REFUSED"
    """A revision answered, but not what it was asked."""
    DIGEST_CHANGED = "DIGEST_CHANGED"
    """A revision began to answer from another bundle while it was asked."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a verdict."""

    code: ReasonCode
    text: str
    """A line for a person."""
    numbers: Mapping[str, int | float | str] = field(default_factory=dict)
    """What the text states, by name."""
