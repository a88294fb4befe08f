"""A recorded answer, whose it is, and what both revisions answered."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Literal

from promotion.errors import PromotionError

Role = Literal["stable", "canary"]
MOST_ANSWERS = 500_000
"""Of each revision; what comes later is left out, as the memory of the process is bounded."""


class RecordsError(PromotionError):
    """Base of what recorded predictions and labels raise."""


class RecordsMissing(RecordsError):
    """The recorded predictions cannot be read; the call can be repeated."""


class LabelsRefused(RecordsError):
    """A file of labels is none, or cannot be kept."""


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """A request as one revision answered it."""

    request_id: str
    at: float
    """Seconds since the epoch."""
    labels: tuple[str, ...]
    """The class of each row that was recorded."""


@dataclass(frozen=True, slots=True)
class RolloutAnswers:
    """Which recorded answers are a rollout's."""

    rollout_id: int
    stable_digest: str
    canary_digest: str
    since: float
    """Seconds since the epoch."""

    def role_of(self, bundle_digest: str) -> Role | None:
        """Whose answer it is; None for another bundle's, and for all where both revisions run the same bundle."""
        if self.stable_digest == self.canary_digest:
            return None
        roles: dict[str, Role] = {self.stable_digest: "stable", self.canary_digest: "canary"}
        return roles.get(bundle_digest)


@dataclass(slots=True)
class AnswersOfBoth:
    """By request id. An id that one revision answered twice names neither answer, and is left out."""

    stable: dict[str, RecordedAnswer] = field(default_factory=dict)
    canary: dict[str, RecordedAnswer] = field(default_factory=dict)
    repeated: set[tuple[Role, str]] = field(default_factory=set)

    def of(self, role: Role) -> dict[str, RecordedAnswer]:
        """That revision's."""
        return self.stable if role == "stable" else self.canary

    def add(self, role: Role, answer: RecordedAnswer) -> None:
        """Keep `answer`; one that is there already, as a record may come twice, changes nothing."""
        kept = self.of(role)
        before = kept.get(answer.request_id)
        if before == answer or (role, answer.request_id) in self.repeated:
            return
        if before is not None:
            del kept[answer.request_id]
            self.repeated.add((role, answer.request_id))
        elif len(kept) < MOST_ANSWERS:
            kept[answer.request_id] = answer

    def pairs(self) -> Iterator[tuple[RecordedAnswer, RecordedAnswer]]:
        """Stable's and the canary's answer to each request that both answered."""
        for request_id, canary in self.canary.items():
            if (stable := self.stable.get(request_id)) is not None:
                yield stable, canary

    def unpaired(self, role: Role) -> Iterator[RecordedAnswer]:
        """What that revision alone answered."""
        other = self.stable if role == "canary" else self.canary
        return (answer for answer in self.of(role).values() if answer.request_id not in other)


def side_by_side(answers: Iterable[tuple[tuple[float, ...], Role, float]]) -> list[float]:
    """What the canary's values exceed stable's by, over answers that stand next to each other.

    `answers` are (what they are ordered by, role, value). A group ends with the first answer by which it has both
    revisions, whatever was answered, so that a mean excess is that of the revisions also where the split, or what
    clients ask, changes on the way. What the last, unfinished group has is left out.
    """
    excesses: list[float] = []
    sums, counts = {"stable": 0.0, "canary": 0.0}, {"stable": 0, "canary": 0}
    for _, role, value in sorted(answers, key=itemgetter(0, 1)):  # by nothing that depends on the values
        sums[role] += value
        counts[role] += 1
        if counts["stable"] and counts["canary"]:
            excesses.append(sums["canary"] / counts["canary"] - sums["stable"] / counts["stable"])
            sums, counts = {"stable": 0.0, "canary": 0.0}, {"stable": 0, "canary": 0}
    return excesses
