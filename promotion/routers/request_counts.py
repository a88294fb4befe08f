"""What a gateway counted: the observed side of "asked against observed"."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Requests that the split route sent since the gateway started; two readings are subtracted to get an interval."""

    stable: int
    """Requests that stable answered."""
    canary: int
    """Requests that the canary answered."""
    failed: int
    """Answers of the 5xx class, of either, as the client saw them."""

    def since(self, earlier: "RequestCounts") -> "RequestCounts":
        """What was counted between `earlier` and this reading."""
        return RequestCounts(self.stable - earlier.stable, self.canary - earlier.canary, self.failed - earlier.failed)

    def began_anew_after(self, earlier: "RequestCounts") -> bool:
        """Whether who counts was started between `earlier` and this reading, so that they cannot be subtracted."""
        return self.stable < earlier.stable or self.canary < earlier.canary


class RequestCounter(Protocol):
    """Reads a gateway's own counters."""

    def read_counts(self) -> RequestCounts:
        """Counts since the gateway started. Raises RouterUnreachable. Can be repeated."""
