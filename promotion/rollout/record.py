"""What a rollout knows: everything that is needed to go on after a crash, written as one document.

judging ──PROMOTE──▶ [pausing] ─▶ [awaiting] ─▶ writing ─▶ confirming ─▶ observing ─▶ … next step … ─▶ promoted
   │                     │            │            │           │             │
   └──anything else──▶ restoring ◀────┴────────────┴───────────┴─────────────┘  ─▶ restored

In brackets: only before the steps that the plan says; meanwhile the split stays as it is. Where the plan has a shadow,
[mirroring] ─▶ [shadowing] come between the verdict and the first step, at 0 %. Where a look is
left, judging ──INCONCLUSIVE──▶ [holding], at 0 % too: further rows lead to judging again, none in time to restoring.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from pydantic import TypeAdapter

from promotion.gate.outcome import Outcome
from promotion.guardrails.findings import GuardrailFinding
from promotion.guardrails.watch import LiveWindow
from promotion.recorded.agreement import ShadowAgreement
from promotion.recorded.findings import LabelFinding
from promotion.rollout.orders import GivenRows
from promotion.routers.request_counts import RequestCounts
from promotion.routers.traffic_router import Split


class RolloutState(StrEnum):
    """What a rollout is about to do, or how it ended."""

    JUDGING = "judging"
    HOLDING = "holding"
    MIRRORING = "mirroring"
    SHADOWING = "shadowing"
    PAUSING = "pausing"
    AWAITING = "awaiting"
    WRITING = "writing"
    CONFIRMING = "confirming"
    OBSERVING = "observing"
    RESTORING = "restoring"
    PROMOTED = "promoted"
    RESTORED = "restored"


class StopCode(StrEnum):
    """Why a rollout goes back, where that is none of the gate's reasons; a closed set for programs."""

    ABORTED = "ABORTED"
    """Somebody ended it: `assay rollout abort`."""
    SUPERSEDED = "SUPERSEDED"
    """Somebody ended it for a newer canary: `assay promote --supersede`."""
    NOT_APPROVED = "NOT_APPROVED"
    """Nobody approved a step in time."""
    OVERDUE = "OVERDUE"
    """It was not promoted by the deadline of the whole rollout."""
    GUARDRAIL_BROKEN = "GUARDRAIL_BROKEN"
    """The canary is shown to fail more of its requests than stable, or to answer later, than the policy allows."""
    NO_LIVE_DATA = "NO_LIVE_DATA"
    """A source could not say in time how both revisions fare, or had too few requests of them."""
    GUARDRAIL_NOT_SHOWN = "GUARDRAIL_NOT_SHOWN"
    """The policy wants a guardrail shown to be kept, and the step's requests did not show it in time."""
    LIVE_HARM_SHOWN = "LIVE_HARM_SHOWN"
    """True labels of live answers show the canary to be worse by more than the policy allows."""
    NO_LIVE_LABELS = "NO_LIVE_LABELS"
    """The policy requires labels of live answers, and too few came in time, or not of both revisions alike."""
    NO_FURTHER_ROWS = "NO_FURTHER_ROWS"
    """It was judged INCONCLUSIVE, and nobody handed in further rows in time."""
    NO_SHADOW = "NO_SHADOW"
    """Too few mirrored requests were answered by both revisions in time."""


FINISHED_STATES = frozenset({RolloutState.PROMOTED, RolloutState.RESTORED})
_STATES_OF_A_SHADOW = frozenset({RolloutState.MIRRORING, RolloutState.SHADOWING})
_STATES_BEFORE_PROMOTE = frozenset({RolloutState.JUDGING, RolloutState.HOLDING})
_STATES_AT_ZERO = _STATES_OF_A_SHADOW | _STATES_BEFORE_PROMOTE | {RolloutState.RESTORING, RolloutState.RESTORED}
_STATES_BEFORE_A_STEP = frozenset({RolloutState.PAUSING, RolloutState.AWAITING})
_STATES_OF_A_STEP = frozenset({RolloutState.WRITING, RolloutState.CONFIRMING, RolloutState.OBSERVING})
_STATES_AFTER_A_SPLIT_WAS_READ = (
    {RolloutState.HOLDING} | _STATES_OF_A_SHADOW | _STATES_BEFORE_A_STEP | _STATES_OF_A_STEP
)


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the split stays as it is, before a step."""

    before_percent: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """How traffic moves once the verdict is PROMOTE."""

    steps: tuple[int, ...] = (5, 25, 50, 100)
    """The canary's share in percent, ever larger; the last is 100."""
    minimum_requests: int = 100
    """Requests through the split that a step has to see."""
    minimum_seconds: float = 3.0
    """How long a step lasts at least."""
    deadline_seconds: float = 120.0
    """How long a step waits for its requests before the rollout goes back."""
    maximum_failed_percent: float = 1.0
    """Share of a step's requests that may fail (5xx, of either revision) before the rollout goes back."""
    confirm_seconds: float = 10.0
    """How long a written split may take to be in force."""
    settle_seconds: float = 0.5
    """How long requests that the split before has sent are left to be answered, uncounted."""
    attempts: int = 3
    """How often something that failed for the moment is tried before the rollout goes back."""
    pause_seconds: float = 1.0
    """The pause before the second attempt; it doubles with each further one."""
    pauses: tuple[Pause, ...] = ()
    """At most one before each step; one that is broken off begins anew."""
    approvals: tuple[int, ...] = ()
    """The steps that somebody has to approve, after their pause, before they are written."""
    approval_seconds: float = 3600.0
    """How long an approval is waited for before the rollout goes back."""
    shadow_requests: int = 0
    """Requests that the canary has to answer as a shadow, beside stable, before the first step; 0 with no seconds: no
    shadow."""
    shadow_seconds: float = 0.0
    """How long the shadow lasts at least."""
    looks: int = 1
    """How often it may be judged, as the policy says; while one is left an INCONCLUSIVE verdict holds."""
    hold_seconds: float = 3600.0
    """How long it then waits for further rows before it goes back."""
    rollout_seconds: float | None = None
    """How long the whole rollout may take, by the time of day, before it goes back; None: as long as its steps do."""

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in zip((0, *self.steps), self.steps, strict=False))
        if not self.steps or not rising or self.steps[-1] != 100:
            raise ValueError(f"steps {self.steps}: expected rising percentages that end with 100, such as 5, 25, 100")
        if self.attempts < 1 or self.looks < 1:
            raise ValueError(f"attempts {self.attempts}, looks {self.looks}: expected at least 1 of each")
        if not self.deadline_seconds >= self.minimum_seconds:
            raise ValueError(f"deadline {self.deadline_seconds:g} s: expected at least {self.minimum_seconds:g} s")
        if self.shadow_requests < 0 or not 0 <= self.shadow_seconds <= self.deadline_seconds:
            seconds = f"{self.shadow_seconds:g} s, expected at most the deadline of {self.deadline_seconds:g} s"
            raise ValueError(f"a shadow of {self.shadow_requests} requests and {seconds}")
        self._refuse_other_steps("pauses", [pause.before_percent for pause in self.pauses])
        self._refuse_other_steps("approvals", self.approvals)
        times = (
            self.approval_seconds,
            self.hold_seconds,
            self.rollout_seconds or 0.0,
            *(pause.seconds for pause in self.pauses),
        )
        if not all(0 <= seconds < inf for seconds in times):
            raise ValueError(f"{', '.join(f'{seconds:g} s' for seconds in times)}: expected times of at least 0 s")

    @property
    def has_shadow(self) -> bool:
        """Whether requests are mirrored before the first step."""
        return self.shadow_requests > 0 or self.shadow_seconds > 0

    def pause_before(self, percent: int) -> float:
        """Seconds to pause before the step of `percent`; 0 where there is no pause."""
        return next((pause.seconds for pause in self.pauses if pause.before_percent == percent), 0.0)

    def _refuse_other_steps(self, what: str, percents: Sequence[int]) -> None:
        if not set(percents) <= set(self.steps) or len(set(percents)) < len(percents):
            raise ValueError(f"{what} before {tuple(percents)}: expected some of the steps {self.steps}, each once")


@dataclass(frozen=True, slots=True)
class StepObservation:
    """What was asked of a step and what the gateway counted."""

    asked_percent: int
    counts: RequestCounts
    split_p_value: float
    """How likely a share at least this far from the asked one is, when the split is in force."""
    seconds: float
    answered: RequestCounts | None = None
    """What the revisions say they answered meanwhile; None where one could not be asked, or started anew."""
    guardrails: tuple[GuardrailFinding, ...] = ()
    """What was found of each guardrail, by each source; none where nothing is watched."""
    live: tuple[LiveWindow, ...] = ()
    """What each source counted, to which a step without stable's requests is compared."""

    @property
    def observed_percent(self) -> float:
        """The canary's share of what was answered; 0 where nothing was."""
        answered = self.counts.stable + self.counts.canary
        return 100 * self.counts.canary / answered if answered else 0.0


@dataclass(frozen=True, slots=True)
class RolloutEvent:
    """A line of the rollout's history."""

    at: str
    """ISO 8601, UTC."""
    state: RolloutState
    """The state that the event led to."""
    text: str


@dataclass(frozen=True, slots=True)
class RolloutRecord:
    """One attempt to move traffic; replaced, never changed. ValueError for a step or a state that cannot be."""

    rollout_id: int
    plan: RolloutPlan
    stable_digest: str
    """The bundle that stable ran when the rollout began."""
    canary_digest: str
    """The bundle that is judged; traffic goes to no other."""
    holdout_digest: str
    policy_digest: str
    state: RolloutState = RolloutState.JUDGING
    step: int = 0
    """Index into `plan.steps` of the step that is under way."""
    split: Split | None = None
    """The last split that this rollout read or wrote."""
    counts_before: RequestCounts | None = None
    """The gateway's counts when the step's split was confirmed."""
    answered_before: RequestCounts | None = None
    """The revisions' own counts then."""
    failed_attempts: int = 0
    """Attempts in a row, in this state, that failed for the moment."""
    verdict: Outcome | None = None
    """The gate's newest word, once it is spoken."""
    further: tuple[GivenRows, ...] = ()
    """What was handed in while it held, a look each; judged together with the holdout."""
    refused: tuple[GivenRows, ...] = ()
    """What was handed in and cannot be judged."""
    outcome: Outcome | None = None
    """How the rollout ends: PROMOTE only when all traffic was moved and observed."""
    because: str = ""
    """Why it goes back, in one line."""
    code: StopCode | None = None
    """The same for a program; None where the verdict, or an error, is why."""
    guardrails: tuple[GuardrailFinding, ...] = ()
    """What was found of the guardrails when they ended the rollout; none where something else did."""
    shadow: ShadowAgreement | None = None
    """How far both agreed on mirrored requests; None where there was no shadow, or not yet."""
    labels: LabelFinding | None = None
    """What labels of live answers have shown so far; None where nobody looked."""
    began_at: str | None = None
    """ISO 8601, UTC; None in a record of a version that did not say it, which has no deadline either."""
    observations: tuple[StepObservation, ...] = ()
    history: tuple[RolloutEvent, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.step < len(self.plan.steps):
            raise ValueError(f"step {self.step}: expected one of the {len(self.plan.steps)} of the plan, from 0")
        if self.split is None and self.state in _STATES_AFTER_A_SPLIT_WAS_READ:
            raise ValueError(f"no split, but the state {self.state} follows one that was read")

    @property
    def is_finished(self) -> bool:
        """Nothing is left to do."""
        return self.state in FINISHED_STATES

    @property
    def judged_at(self) -> str | None:
        """ISO 8601: when the last verdict was there, or what else ended the judging; None before."""
        return next((event.at for event in self.history if event.state not in _STATES_BEFORE_PROMOTE), None)

    @property
    def has_look_left(self) -> bool:
        """Whether it may be judged once more, on further rows."""
        return len(self.further) + 1 < self.plan.looks

    @property
    def mirrored_at(self) -> str | None:
        """ISO 8601: since when requests were mirrored; None where they never were."""
        return next((event.at for event in self.history if event.state is RolloutState.SHADOWING), None)

    @property
    def asked_percent(self) -> int:
        """The share that the step under way asks for."""
        return self.plan.steps[self.step]

    @property
    def intended_percent(self) -> int:
        """The share that is meant for the canary now."""
        if self.state in _STATES_BEFORE_A_STEP and self.split is not None:
            return self.split.canary_percent
        return 0 if self.state in _STATES_AT_ZERO else self.asked_percent


_DOCUMENT = TypeAdapter(RolloutRecord)


def record_to_json(record: RolloutRecord) -> bytes:
    """The record as an indented JSON document."""
    return _DOCUMENT.dump_json(record, indent=2) + b"\n"


def record_to_line(record: RolloutRecord) -> str:
    """The record as a JSON document of one line, without its end."""
    return _DOCUMENT.dump_json(record).decode()


def record_from_json(content: bytes) -> RolloutRecord:
    """The record that `content` states; pydantic's ValidationError when it states none."""
    return _DOCUMENT.validate_json(content)
