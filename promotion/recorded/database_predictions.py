"""Recorded predictions in the database of records, read as more of them come."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from promotion.evidence.asked_predictor import REPLAY_ID
from promotion.recorded.answers import AnswersOfBoth, RecordedAnswer, RecordsMissing
from records.answers import read_answers
from records.database import Database, open_database
from records.errors import RecordsError

OVERLAP_SECONDS = 120.0
"""What was answered so long before the newest that was read is read again: a predictor whose connection broke hands in
later what it has spooled meanwhile."""


@dataclass(slots=True)
class DatabasePredictions:
    """What both bundles answered since a moment, as far as it was read. What a gate asked is left out.

    Where stable and canary run the same bundle nobody can tell their answers apart, and there are none.
    """

    url: str
    stable_digest: str
    canary_digest: str
    since: float
    """Seconds since the epoch; answers before are left out."""
    answers: AnswersOfBoth = field(default_factory=AnswersOfBoth, init=False)
    _read_to: float = field(default=0.0, init=False)
    _database: Database | None = field(default=None, init=False)

    def read(self) -> bool:
        """Take in what was recorded since the last call; whether anything was read. Raises RecordsMissing."""
        if self.stable_digest == self.canary_digest:
            return False
        begin = max(self.since, self._read_to - OVERLAP_SECONDS)
        found = False
        try:
            self._database = self._database or open_database(self.url)
            digests = (self.stable_digest, self.canary_digest)
            for one in read_answers(self._database, digests, datetime.fromtimestamp(begin, tz=UTC)):
                found, at = True, one.answered_at.timestamp()
                self._read_to = max(self._read_to, at)
                if one.client_request_id != REPLAY_ID:
                    role = "stable" if one.bundle_digest == self.stable_digest else "canary"
                    self.answers.add(role, RecordedAnswer(one.request_id, at, one.labels))  # type: ignore[arg-type]
        except RecordsError as error:
            raise RecordsMissing(str(error)) from error
        return found
