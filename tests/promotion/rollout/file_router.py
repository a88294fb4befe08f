"""A router and a counter that outlive the process: one file, and forty requests between any two looks at the counts."""

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import orjson

from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import Split, SplitConflict, SplitNotConfirmed

REQUESTS = 40


@dataclass(frozen=True)
class FileRouter:
    path: Path

    def read_shares(self) -> list[int]:
        """Every share that was ever written, in order."""
        return [int(written["percent"]) for written in self._read() if not written["mirrors"]]

    def read_split(self) -> Split:
        written = self._read()
        if not written:
            return Split(0, "never written")
        return Split(int(written[-1]["percent"]), written[-1]["token"], bool(written[-1]["mirrors"]))

    def write_split(self, canary_percent: int, since: Split) -> Split:
        if self.read_split() != since:
            raise SplitConflict(f"{self.read_split()} is not {since}")
        self._append(canary_percent)
        return self.read_split()

    def write_mirror(self, since: Split) -> Split:
        if self.read_split() != since:
            raise SplitConflict(f"{self.read_split()} is not {since}")
        self._append(0, mirrors="yes")
        return self.read_split()

    def confirm_split(self, split: Split, timeout_seconds: float) -> None:
        if self.read_split() != split:
            raise SplitNotConfirmed(f"after {timeout_seconds} s {self.read_split()} is not {split}")

    def restore_stable(self) -> None:
        self._append(0)

    def _read(self) -> list[dict[str, str]]:
        written: list[dict[str, str]] = orjson.loads(self.path.read_bytes()) if self.path.exists() else []
        return written

    def _append(self, canary_percent: int, mirrors: str = "") -> None:
        written = [*self._read(), {"percent": str(canary_percent), "token": uuid4().hex, "mirrors": mirrors}]
        draft = self.path.with_suffix(".draft")
        draft.write_bytes(orjson.dumps(written))
        draft.replace(self.path)


@dataclass(frozen=True)
class FileCounter:
    router: FileRouter
    path: Path

    def read_counts(self) -> RequestCounts:
        before = RequestCounts(*orjson.loads(self.path.read_bytes())) if self.path.exists() else RequestCounts(0, 0, 0)
        canary = REQUESTS * self.router.read_split().canary_percent // 100
        now = RequestCounts(before.stable + REQUESTS - canary, before.canary + canary, 0)
        self.path.write_bytes(orjson.dumps([now.stable, now.canary, now.failed]))
        return now
