"""What was seen while traffic moved, as the page shows it: each guardrail by each source, live labels, the shadow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from promotion.gate.policy import Guardrail
from promotion.guardrails.findings import (
    STATE_TEXTS,
    GuardrailFinding,
    find_disagreements,
    seconds_text,
    share_text,
)
from promotion.rollout.record import RolloutRecord


@dataclass(frozen=True, slots=True)
class GuardrailRow:
    """One guardrail of one window by one source, in words."""

    window: str
    finding: GuardrailFinding
    numbers: tuple[str, ...]
    """Stable, canary, more at least, at most, allowed."""
    state: str
    disagrees: bool
    """Whether another source finds something else of the same guardrail in the same window."""


def guardrail_rows(record: RolloutRecord) -> Iterator[GuardrailRow]:
    """Every window's findings, the one that ended the rollout last."""
    for window, findings in _windows(record):
        others = find_disagreements(findings)
        for one in findings:
            say = share_text if one.guardrail is Guardrail.ERRORS else seconds_text
            numbers = (one.stable, one.canary, one.excess_at_least, one.excess_at_most, one.allowed)
            words = tuple(say(number) for number in numbers)
            yield GuardrailRow(window, one, words, STATE_TEXTS[one.state], one.guardrail in others)


def _windows(record: RolloutRecord) -> Iterator[tuple[str, Sequence[GuardrailFinding]]]:
    for number, seen in enumerate(record.observations, start=1):
        if seen.guardrails:
            yield f"step {number}, {seen.asked_percent} %", seen.guardrails
    if record.guardrails:
        yield "the end", record.guardrails
