"""A thread that does one thing again and again, such as to look at what is asked and go on with it."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bundle import BundleError
from console.errors import ConsoleError
from content_store.errors import ContentStoreError
from dataset import DatasetError
from promotion.errors import PromotionError
from records.errors import RecordsError
from training.errors import TrainingError

_EXPLAINED = (BundleError, ConsoleError, ContentStoreError, DatasetError, PromotionError, RecordsError, TrainingError)


@dataclass
class Loop:
    """Calls `step` every `pause_seconds`, or at once when it is woken. Nothing that fails ends it."""

    name: str
    step: Callable[[], None]
    pause_seconds: float
    log: logging.Logger
    problem: str = field(default="", init=False)
    """Why the last step could not be finished; empty where it was."""
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _wake: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Return once no step is under way."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def finish(self) -> None:
        """Stop, and do a last step, so that nothing of what happened before is left for the next process."""
        self.stop()
        self._try()

    def wake(self) -> None:
        """Do the next step at once."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._try()
            self._wake.wait(self.pause_seconds)
            self._wake.clear()

    def _try(self) -> None:
        try:
            self.step()
            self.problem = ""
        except Exception as error:  # whatever it is, the next step may find it mended
            said = str(error) or type(error).__name__
            if said != self.problem:
                unknown = None if isinstance(error, _EXPLAINED) else error
                self.log.warning("the %s cannot go on, and tries again: %s", self.name, said, exc_info=unknown)
            self.problem = said
