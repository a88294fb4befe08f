"""What a rollout asks of whatever keeps the predictions that both revisions record while traffic moves.

Every source keeps the promises below, and tests/contract/test_answer_source.py holds all of them to the promises.
"""

from typing import Protocol

from promotion.recorded.answers import AnswersOfBoth


class AnswerSource(Protocol):
    """A rollout's recorded answers, as more of them come."""

    @property
    def answers(self) -> AnswersOfBoth:
        """What was read so far: of both bundles, since the moment that was asked for, each request once.

        What a gate asked itself is left out. Where stable and canary run the same bundle nobody can tell their answers
        apart, and there are none.
        """

    def read(self) -> None:
        """Take in what was recorded since the last call. Raises RecordsMissing. Can be repeated.

        A request's rows are taken in together. One that is recorded late, as its predictor had to spool it, is taken
        in by the call after that.
        """
