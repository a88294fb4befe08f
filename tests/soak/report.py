"""What a soak comes to, as a table and as JSON."""

import json
import os
import statistics
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from tests.soak.clients import Notes

START, END = "<!-- soak: made by `make soak-docs` -->", "<!-- /soak -->"


@dataclass
class Report:
    """Figures of one soak."""

    rate: float
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    cores: int = field(default_factory=lambda: os.cpu_count() or 0)
    times: dict[str, int] = field(default_factory=dict)
    memory_bytes: list[int] = field(default_factory=list)
    """Of stable's serving process, behind each cycle of all faults."""
    asked: int = 0
    told: int = 0
    mixed: int = 0
    recorded_of_told: int = 0
    recorded_besides: int = 0
    """Answers that did not reach their client, because what was between them ended."""
    dropped: int = 0
    unanswered: dict[str, dict[str, int]] = field(default_factory=dict)
    longest_gap_seconds: dict[str, float] = field(default_factory=dict)
    median_ms: float = 0.0
    p99_ms: float = 0.0

    def note(self, fault: str) -> None:
        """It has happened once more."""
        self.times[fault] = self.times.get(fault, 0) + 1

    def finish(self, notes: Notes, *, recorded: set[str], dropped: float) -> None:
        """Take over what the clients saw and the database has."""
        self.asked, self.told, self.mixed = notes.asked, len(notes.told), len(notes.mixed)
        self.recorded_of_told = len(recorded & notes.told.keys())
        self.recorded_besides = len(recorded - notes.told.keys())
        self.dropped = int(dropped)
        for (what, instead), times in notes.unanswered.items():
            self.unanswered.setdefault(what, {})[instead] = times
        self.longest_gap_seconds = notes.longest_gap_seconds
        self.median_ms = statistics.median(notes.seconds) * 1e3
        self.p99_ms = statistics.quantiles(notes.seconds, n=100)[98] * 1e3

    def write(self, path: Path) -> None:
        """As JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote."""
        return cls(**json.loads(path.read_text()))

    def to_markdown(self) -> str:
        """Tables of it."""
        lines = [
            f"On {self.date}, on a machine of {self.cores} cores.",
            "",
            "| what happened | times | requests without an answer | longest time without any answer, s |",
            "| --- | --- | --- | --- |",
        ]
        for what in ("nothing", *self.times):
            missing = ", ".join(f"{times} {name}" for name, times in sorted(self.unanswered.get(what, {}).items()))
            gap = self.longest_gap_seconds.get(what, 0.0)
            lines.append(f"| {what} | {self.times.get(what, '')} | {missing or '0'} | {gap:.2f} |")
        memory = " to ".join(f"{size / 1e6:.0f}" for size in (self.memory_bytes[0], self.memory_bytes[-1]))
        lines += [
            "",
            "| requests | |",
            "| --- | --- |",
            f"| asked, {self.rate:g} a second | {self.asked:,} |",
            f"| answered | {self.told:,} |",
            f"| answered with what belongs to another request | {self.mixed} |",
            f"| recorded, of those answered | {self.recorded_of_told:,} |",
            f"| recorded besides, as the answer did not reach its client | {self.recorded_besides} |",
            f"| dropped by the recorder | {self.dropped} |",
            f"| time to the answer, median and 99th percentile, ms | {self.median_ms:.1f}, {self.p99_ms:.1f} |",
            f"| stable's serving process behind the first and the last cycle, MB | {memory} |",
            "",
        ]
        return "\n".join(lines)


def main() -> None:
    """Write the tables of docs/soak.json into docs/reliability.md."""
    page = Path("docs/reliability.md")
    before, _, rest = page.read_text().partition(START)
    _, _, behind = rest.partition(END)
    tables = Report.read(Path("docs/soak.json")).to_markdown()
    page.write_text(f"{before}{START}\n{tables}{END}{behind}")


if __name__ == "__main__":
    main()
