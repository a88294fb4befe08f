"""One window of a rollout, a step or a pause, under its guardrails: when it is looked, and what was found.

Who looks again and again until something shows sends good canaries back. So a window is judged only after so many
requests of the canary, half as many more each time, and the k-th look has the level alpha / (k (k + 1)): all looks
together have alpha, however long the window is (a union bound). Guardrails and sources share it evenly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from promotion.errors import PromotionError
from promotion.gate.policy import Guardrail, GuardrailPolicy
from promotion.guardrails.findings import GuardrailFinding, GuardrailState, counted, find
from promotion.guardrails.guardrail_source import GuardrailSource
from promotion.guardrails.served_requests import ServedPair, ServedRequests

GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class LiveWindow:
    """What one source counted over a window."""

    source: str
    served: ServedPair


@dataclass(frozen=True, slots=True)
class Guardrails:
    """The guardrails of a rollout."""

    sources: Sequence[GuardrailSource]
    policy: GuardrailPolicy

    def open_window(self, reference: Sequence[LiveWindow] | None = None) -> "GuardrailWatch":
        """Begin to count. With a `reference`, stable is what it was in those windows: it has no requests of its own."""
        stable = {window.source: window.served.stable for window in reference or ()} if reference is not None else None
        return GuardrailWatch(self, stable)


class GuardrailWatch:
    """A window that is under way. Never raises for a source: one that cannot be asked has no data."""

    def __init__(self, guardrails: Guardrails, stable: Mapping[str, ServedRequests] | None) -> None:
        policy = guardrails.policy
        self._policy = policy
        alpha = policy.alpha / max(1, len(policy.watched) * len(guardrails.sources))
        sources = guardrails.sources if policy.watched else ()
        self._windows = [
            _SourceWindow(source, policy, alpha, None if stable is None else stable.get(source.name, ServedRequests()))
            for source in sources
        ]

    def look(self, *, is_ready: bool = False) -> None:
        """Read every source, and judge what has come enough for a look; all of it the first time that `is_ready`."""
        for window in self._windows:
            window.look(is_ready=is_ready)

    @property
    def findings(self) -> tuple[GuardrailFinding, ...]:
        """As of the newest look of each source."""
        return tuple(one for window in self._windows for one in window.findings)

    @property
    def is_broken(self) -> bool:
        """Whether any guardrail by any source is: where sources disagree, the strictest decides."""
        return any(one.state is GuardrailState.BROKEN for one in self.findings)

    @property
    def missing(self) -> tuple[GuardrailFinding, ...]:
        """What keeps the step from passing: what has no data, and what the policy wants shown and is not."""
        return tuple(one for one in self.findings if one.state is GuardrailState.NO_DATA or self._is_to_be_shown(one))

    def to_windows(self) -> tuple[LiveWindow, ...]:
        """What was counted, of the sources that could be asked."""
        return tuple(LiveWindow(one.name, one.seen) for one in self._windows if one.seen is not None)

    def _is_to_be_shown(self, one: GuardrailFinding) -> bool:
        return (
            self._policy.errors_are_shown and one.guardrail is Guardrail.ERRORS and one.state is not GuardrailState.KEPT
        )


class _SourceWindow:
    def __init__(
        self, source: GuardrailSource, policy: GuardrailPolicy, alpha: float, stable: ServedRequests | None
    ) -> None:
        self.name = source.name
        self.seen: ServedPair | None = None
        self._source, self._policy, self._alpha, self._stable = source, policy, alpha, stable
        self._looks = {guardrail: _Looks() for guardrail in policy.watched}
        self._before: ServedPair | None = None
        self._latest: ServedPair | None = None
        self._missing = ""
        self.look(is_ready=False)

    @property
    def findings(self) -> tuple[GuardrailFinding, ...]:
        stable, canary = (self.seen.stable.requests, self.seen.canary.requests) if self.seen else (0, 0)
        return tuple(
            looks.finding
            or GuardrailFinding(self.name, guardrail, GuardrailState.NO_DATA, stable, canary, text=self._missing)
            for guardrail, looks in self._looks.items()
        )

    def look(self, *, is_ready: bool) -> None:
        try:
            now = self._source.read_served()
        except PromotionError as error:
            self._forget(str(error))
            return
        if self._before is None or self._latest is None or now.began_anew_after(self._latest):
            self._before = now
            self._forget("who counts was started")
        self._latest = now
        seen = now.since(self._before)
        if self._stable is not None:
            seen = ServedPair(self._stable, seen.canary)
        self.seen = seen
        for guardrail, looks in self._looks.items():
            self._judge(guardrail, looks, seen, is_ready)

    def _forget(self, why: str) -> None:
        """What was found is no longer known, but the looks are spent."""
        self._missing = why
        self._looks = {guardrail: _Looks(spent=looks.spent) for guardrail, looks in self._looks.items()}

    def _judge(self, guardrail: Guardrail, looks: "_Looks", seen: ServedPair, is_ready: bool) -> None:
        requests = counted(guardrail, seen)[1]
        is_forced = is_ready and not looks.was_ready and requests > looks.seen
        if requests < looks.due and not is_forced:
            return
        alpha = self._alpha / ((looks.spent + 1) * (looks.spent + 2))
        looks.finding = find(self.name, guardrail, seen, self._policy, alpha)
        if looks.finding.state is GuardrailState.NO_DATA:
            return
        looks.spent, looks.seen, looks.due = looks.spent + 1, requests, ceil(GROWTH * requests)
        looks.was_ready = looks.was_ready or is_ready


@dataclass(slots=True)
class _Looks:
    """The looks at one guardrail by one source."""

    spent: int = 0
    seen: int = 0
    """Requests of the canary at the newest look."""
    due: int = 0
    """How many have to be there for the next."""
    was_ready: bool = False
    finding: GuardrailFinding | None = None
