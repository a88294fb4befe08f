"""What can happen to a rollout, each with its line of the history; pure."""

from dataclasses import dataclass

from promotion.gate.outcome import Outcome
from promotion.guardrails.findings import GuardrailFinding
from promotion.recorded.agreement import ShadowAgreement, describe_agreement
from promotion.rollout.orders import GivenRows
from promotion.rollout.record import RolloutRecord, StepObservation, StopCode
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import Split


@dataclass(frozen=True, slots=True)
class Judged:
    """The gate has spoken; `split` is what stood then."""

    verdict: Outcome
    headline: str
    split: Split

    def describe(self, _record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        return f"{self.verdict}: {self.headline}"


@dataclass(frozen=True, slots=True)
class RowsGiven:
    """Somebody has handed in further rows: the next look is due."""

    given: GivenRows
    by: str

    def describe(self, record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        look = f"look {len(record.further) + 2} of {record.plan.looks}"
        return f"{self.given.rows} further rows by {self.by} ({self.given.name}): {look}"


@dataclass(frozen=True, slots=True)
class RowsRefused:
    """Somebody has handed in what cannot be judged with the rows before; no look is taken."""

    given: GivenRows
    why: str

    def describe(self, _record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        return f"{self.given.name} is not judged: {self.why}"


@dataclass(frozen=True, slots=True)
class Mirrored:
    """Each request is mirrored to the canary, which gets no traffic; that is in force."""

    split: Split

    def describe(self, _record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        return "requests are mirrored to the canary"


@dataclass(frozen=True, slots=True)
class Shadowed:
    """Both have answered as many mirrored requests as they had to."""

    agreement: ShadowAgreement

    def describe(self, _record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        return f"shadow: {describe_agreement(self.agreement)}"


@dataclass(frozen=True, slots=True)
class Paused:
    """The pause before the step is over, and all was well in it."""

    def describe(self, record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        return f"paused for {record.plan.pause_before(record.asked_percent):g} s before {record.asked_percent} %"


@dataclass(frozen=True, slots=True)
class Approved:
    """Somebody has approved the step, and all was well until then."""

    percent: int
    by: str
    reason: str = ""

    def describe(self, _record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        return f"{self.percent} % approved by {name_giver(self.by, self.reason)}"


@dataclass(frozen=True, slots=True)
class Wrote:
    """The split of the step under way is written and was read back."""

    split: Split

    def describe(self, _record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        return f"split written: {self.split.canary_percent} %"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Requests go by the written split; here the step's counting begins, at the gateway and at the revisions."""

    counts: RequestCounts
    answered: RequestCounts | None = None

    def describe(self, record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        return f"split in force: {record.asked_percent} %"


@dataclass(frozen=True, slots=True)
class Observed:
    """The step has seen its requests, and they went as asked."""

    observation: StepObservation

    def describe(self, _record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        counts, answered = self.observation.counts, self.observation.answered
        text = (
            f"asked {self.observation.asked_percent} %, observed {self.observation.observed_percent:.1f} % "
            f"of {counts.stable + counts.canary} requests"
        )
        return text if answered is None else f"{text}; the revisions answered {answered.stable} and {answered.canary}"


@dataclass(frozen=True, slots=True)
class Restored:
    """Everything goes to stable, and that is in force."""

    def describe(self, _record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        return "everything goes to stable"


@dataclass(frozen=True, slots=True)
class Failed:
    """An action failed; repeating it may help."""

    text: str

    def describe(self, record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        return f"attempt {record.failed_attempts + 1} failed: {self.text}"


@dataclass(frozen=True, slots=True)
class Stopped:
    """The rollout must go back at once, with this outcome."""

    outcome: Outcome
    text: str
    code: StopCode | None = None
    guardrails: tuple[GuardrailFinding, ...] = ()
    """Those that say so, where they do."""

    def describe(self, _record: RolloutRecord) -> str:
        """The line of the history; the record is that before."""
        return self.text


Event = (
    Judged
    | RowsGiven
    | RowsRefused
    | Mirrored
    | Shadowed
    | Paused
    | Approved
    | Wrote
    | Confirmed
    | Observed
    | Restored
    | Failed
    | Stopped
)


def name_giver(by: str, reason: str) -> str:
    """Who gave an order, and why where that was said."""
    return f"{by}: {reason}" if reason else by
