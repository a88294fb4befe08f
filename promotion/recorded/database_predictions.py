"""Recorded predictions in the database of records, read as more of them come."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from promotion.evidence.asked_predictor import REPLAY_ID
from promotion.recorded.answers import AnswersOfBoth, RecordedAnswer, RecordsMissing, RolloutAnswers
from records.answers import read_answers
from records.database import Database, open_database
from records.errors import RecordsError

OVERLAP_SECONDS = 120.0
"""What was answered so long before the newest that was read is read again: a predictor whose connection broke hands in
later what it has spooled meanwhile."""


@dataclass(slots=True)
class DatabasePredictions:
    """An AnswerSource of the database whose URL this is."""

    url: str
    """It may hold a password."""
    of: RolloutAnswers
    answers: AnswersOfBoth = field(default_factory=AnswersOfBoth, init=False)
    _read_to: float = field(default=0.0, init=False)
    _database: Database | None = field(default=None, init=False)

    def read(self) -> None:
        """See AnswerSource."""
        begin = max(self.of.since, self._read_to - OVERLAP_SECONDS)
        try:
            self._database = self._database or open_database(self.url)
            digests = (self.of.stable_digest, self.of.canary_digest)
            for one in read_answers(self._database, digests, datetime.fromtimestamp(begin, tz=UTC)):
                at, role = one.answered_at.timestamp(), self.of.role_of(one.bundle_digest)
                self._read_to = max(self._read_to, at)
                if role is not None and one.client_request_id != REPLAY_ID:
                    self.answers.add(role, RecordedAnswer(one.request_id, at, one.labels))
        except RecordsError as error:
            raise RecordsMissing(str(error)) from error
