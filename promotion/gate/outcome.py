"""What a verdict can say, and the exit code of a program that ends with it."""

from collections.abc import Mapping
from enum import StrEnum


class Outcome(StrEnum):
    """What a verdict says; only PROMOTE lets traffic move on. In the order of strength, weakest first."""

    PROMOTE = "PROMOTE"
    INCONCLUSIVE = "INCONCLUSIVE"
    REJECT = "REJECT"
    ERROR = "ERROR"

    @property
    def exit_code(self) -> int:
        """The exit code of a program that ends with this verdict; a Job must not retry a REJECT."""
        return _EXIT_CODES[self]


_EXIT_CODES: Mapping[Outcome, int] = {
    Outcome.PROMOTE: 0,
    Outcome.REJECT: 10,
    Outcome.INCONCLUSIVE: 11,
    Outcome.ERROR: 12,
}
