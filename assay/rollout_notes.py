"""Rollouts are kept in the database of records, too, where one is set, and none ever waits for it.

A thread writes the newest of what it is told. What cannot be written is said once, and tried again until the rollout's
process ends; afterwards `assay db load-rollouts` writes it from the rollouts' own records.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assay.output import say
from assay.recorded_rollouts import verdict_row, write_recorded_rollout
from promotion.errors import PromotionError
from promotion.gate.record import EvidenceRecord
from promotion.rollout.record import RolloutRecord
from records.errors import RecordsError
from records.settings import DatabaseSettings

if TYPE_CHECKING:
    from records.database import Database

RETRY_SECONDS = 5.0
END_SECONDS = 5.0
"""How long the end of the process waits for the last one to be written."""
ReadEvidence = Callable[[RolloutRecord], EvidenceRecord | None]


@contextmanager
def rollout_notes(environment: str, read_evidence: ReadEvidence) -> Iterator[Callable[[RolloutRecord], None]]:
    """What to tell of each state of a rollout of `environment`: it returns at once and raises nothing."""
    url = _find_url("rollouts are")
    if url is None:
        yield lambda _record: None
        return
    notes = _RolloutNotes(url, environment, read_evidence)
    notes.start()
    try:
        yield notes.tell
    finally:
        notes.close()


def note_verdict(evidence: EvidenceRecord) -> None:
    """Keep a verdict that moved no traffic in the database of records where one is set; say where that fails."""
    what = "the verdict is"
    if (url := _find_url(what)) is None:
        return
    try:
        from records.rollouts import write_verdict

        database = _open(url)
        write_verdict(database, verdict_row(evidence))
        database.dispose()
    except (RecordsError, ImportError) as error:
        say(f"{what} not kept in the database: {error}")


def _find_url(what: str) -> str | None:
    """Of the database, if one is set."""
    try:
        settings = DatabaseSettings.read()
        return settings.database_url() if settings.is_set else None
    except RecordsError as error:
        say(f"{what} not kept in the database: {error}")
        return None


class _RolloutNotes(threading.Thread):
    """The thread; it ends with the process, even within a write that hangs."""

    def __init__(self, url: str, environment: str, read_evidence: ReadEvidence) -> None:
        super().__init__(name="rollout-notes", daemon=True)
        self._url = url
        self._environment = environment
        self._read_evidence = read_evidence
        self._changed = threading.Condition()
        self._told: dict[int, RolloutRecord] = {}
        """The newest of each rollout that is still to be written, by number."""
        self._is_closed = False
        self._is_away = False

    def tell(self, record: RolloutRecord) -> None:
        with self._changed:
            self._told[record.rollout_id] = record
            self._changed.notify()

    def close(self) -> None:
        """Wait for a moment until all is written, and say what is not."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self.join(END_SECONDS)
        with self._changed:
            left = sorted(self._told)
            self._told.clear()  # so that the thread ends
        if left:
            numbers = ", ".join(map(str, left))
            say(f"rollout {numbers}: the database has not all of it; next, once it answers: assay db load-rollouts")

    def run(self) -> None:
        database: Database | None = None
        while record := self._next():
            try:
                database = database or _open(self._url)
                write_recorded_rollout(database, self._environment, record, self._find_evidence(record))
            except (RecordsError, PromotionError, ImportError) as error:
                self._pause(error)
                continue
            self._is_away = False
            with self._changed:
                if self._told.get(record.rollout_id) is record:
                    del self._told[record.rollout_id]
        if database is not None:
            database.dispose()

    def _find_evidence(self, record: RolloutRecord) -> EvidenceRecord | None:
        return self._read_evidence(record) if record.verdict is not None else None

    def _next(self) -> RolloutRecord | None:
        """What is to be written next; None when all is, and nothing comes any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._told or self._is_closed)
            return next(iter(self._told.values()), None)

    def _pause(self, error: Exception) -> None:
        """Say it once, and wait for a while; after the end of the rollout only a little."""
        if not self._is_away:
            self._is_away = True
            say(f"the rollout goes on, but is not kept in the database for now: {error}")
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, RETRY_SECONDS)
            is_closed = self._is_closed
        if is_closed:
            threading.Event().wait(END_SECONDS / 10)


def _open(url: str) -> "Database":
    from records.database import open_database
    from records.schema import require_current

    database = open_database(url)
    require_current(database)
    return database
