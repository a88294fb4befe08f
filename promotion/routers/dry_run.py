"""A router that moves nothing and says what it would do: `assay promote --dry-run`."""

from collections.abc import Callable
from uuid import uuid4

from promotion.routers.canary_percent import refuse_impossible_percent
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import Split, SplitConflict, SplitNotConfirmed


class DryRunRouter:
    """TrafficRouter whose split lives in memory and ends with it; each step goes to `report` as a line for a person."""

    def __init__(self, report: Callable[[str], None], canary_percent: int = 0) -> None:
        """Begin as if `canary_percent` had been written before. Raises ValueError outside 0..100."""
        refuse_impossible_percent(canary_percent)
        self._report = report
        self._split = Split(canary_percent, written_as=uuid4().hex)

    def read_split(self) -> Split:
        """The split that was last written to this object."""
        return self._split

    def write_split(self, canary_percent: int, since: Split) -> Split:
        """As the seam says; reports the change."""
        refuse_impossible_percent(canary_percent)
        if since.written_as != self._split.written_as:
            raise SplitConflict(
                f"somebody has written {self._split.canary_percent} % since {since.canary_percent} % was read; "
                "read the split again"
            )
        self._report(f"would send {canary_percent} % to the canary (now {self._split.canary_percent} %)")
        self._split = Split(canary_percent, written_as=uuid4().hex)
        return self._split

    def write_mirror(self, since: Split) -> Split:
        """As the seam says; reports the change."""
        if since.written_as != self._split.written_as:
            raise SplitConflict(f"somebody has written {self._split.canary_percent} % since; read the split again")
        self._report("would mirror each request to the canary")
        self._split = Split(0, written_as=uuid4().hex, mirrors=True)
        return self._split

    def confirm_split(self, split: Split, timeout_seconds: float) -> None:
        """Return at once: what was last written here is in force here. SplitNotConfirmed for an earlier split."""
        if split.written_as != self._split.written_as:
            raise SplitNotConfirmed(f"{split.canary_percent} % was replaced by {self._split.canary_percent} %")
        self._report(f"would wait up to {timeout_seconds:g} s until {split.canary_percent} % is in force")

    def restore_stable(self) -> None:
        """As the seam says; reports the change."""
        self._report(f"would send everything to stable (now {self._split.canary_percent} % to the canary)")
        self._split = Split(0, written_as=uuid4().hex)


class DryRunCounter:
    """RequestCounter of a split that no request goes by."""

    def read_counts(self) -> RequestCounts:
        """Always nothing."""
        return RequestCounts(stable=0, canary=0, failed=0)
