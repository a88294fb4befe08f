"""Progress of work whose share is known: a bar on a terminal, a line a quarter elsewhere."""

import sys
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from assay.output import say


@dataclass
class ShareDone:
    """Called with the share that is done, 0..1; starts again when the share falls."""

    title: str
    _bar: Progress | None = field(default=None, init=False)
    _quarter: int = field(default=0, init=False)

    def __call__(self, share: float) -> None:
        """Show `share`."""
        if sys.stderr.isatty():
            self._show_bar(share)
        else:
            self._say_quarters(share)

    def _show_bar(self, share: float) -> None:
        if self._bar is None:
            columns = (
                TextColumn("assay: {task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.add_task(self.title, total=1.0)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=share)
        if share >= 1:
            self._bar.stop()
            self._bar = None
            say(f"{self.title}: done")

    def _say_quarters(self, share: float) -> None:
        quarter = int(share * 4)
        if quarter > self._quarter or (quarter == 4 and self._quarter == 0):
            say(f"{self.title}: {quarter * 25} %")
        self._quarter = quarter % 4
