"""A rollout's status as a terminal shows it, and the rollouts kept as a table."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from promotion.gate.outcome import Outcome
from promotion.gate.policy import Guardrail
from promotion.guardrails.findings import STATE_TEXTS, find_disagreements, seconds_text, share_text
from promotion.recorded.agreement import describe_agreement
from promotion.recorded.findings import LABEL_STATE_TEXTS, describe_labels
from promotion.rollout.record import RolloutRecord, RolloutState, StepObservation
from promotion.rollout.status import RolloutStatus, VerdictNumbers
from promotion.routers.request_counts import RequestCounts

HISTORY_LINES = 12
_STYLES = {RolloutState.PROMOTED: "bold green", RolloutState.RESTORED: "bold red", RolloutState.RESTORING: "bold red"}
_OUTSIDE_OF_STEPS = {
    RolloutState.JUDGING,
    RolloutState.HOLDING,
    RolloutState.MIRRORING,
    RolloutState.SHADOWING,
    RolloutState.RESTORING,
    RolloutState.RESTORED,
}
_OUTCOME_STYLES = {
    Outcome.PROMOTE: "green",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.REJECT: "red",
    Outcome.ERROR: "red",
}


_DOING = {
    RolloutState.HOLDING: "without further rows (assay rollout rows)",
    RolloutState.SHADOWING: "of the shadow",
    RolloutState.OBSERVING: "in this step",
    RolloutState.PAUSING: "of the pause before {} %",
    RolloutState.AWAITING: "without an approval of {} % (assay rollout approve)",
}


def show_status(status: RolloutStatus) -> RenderableType:
    """The whole view: state, verdict, a row for each step, the time left, and the newest lines of the history."""
    record = status.rollout
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True)
    facts.add_column()
    facts.add_row(f"rollout {record.rollout_id}", _state(status))
    facts.add_row("canary", f"{_short(record.canary_digest)} against stable {_short(record.stable_digest)}")
    for name, text in (*_verdict(record, status.numbers), *_live(record), *_time(status), *_end(record)):
        facts.add_row(name, text)
    return Group(facts, *_steps(status), *_guardrails(record), *_history(record))


def show_kept(records: Sequence[RolloutRecord]) -> RenderableType:
    """A row for each rollout, newest first."""
    table = _table("rollout", "began", "canary", "verdict", "ended", "why")
    for record in reversed(records):
        began = record.history[0].at[:19].replace("T", " ") if record.history else "-"
        ended = str(record.outcome) if record.is_finished else f"{record.state}, unfinished"
        row = (str(record.rollout_id), began, _short(record.canary_digest), str(record.verdict or "-"), ended)
        table.add_row(*row, record.because)
    return table


def describe_events(record: RolloutRecord, since: int) -> Iterable[str]:
    """The lines of the history from number `since` on."""
    return (f"{event.at[11:19]}  {event.text}" for event in record.history[since:])


def _state(status: RolloutStatus) -> Text:
    record = status.rollout
    is_in_steps = record.state not in _OUTSIDE_OF_STEPS
    where = f", step {record.step + 1} of {len(record.plan.steps)}" if is_in_steps else ""
    tried = f", {record.failed_attempts} of {record.plan.attempts} attempts failed" if record.failed_attempts else ""
    text = Text(str(record.state), style=_STYLES.get(record.state, "bold"))
    return text.append(f"{where}: {record.intended_percent} % to the canary{tried}", style="not bold")


def _verdict(record: RolloutRecord, numbers: VerdictNumbers | None) -> Iterable[tuple[str, Text]]:
    if record.verdict is None:
        return
    headline = f": {numbers.headline}" if numbers else ""
    yield "verdict", Text(str(record.verdict), style=_OUTCOME_STYLES[record.verdict]).append(headline, style="default")
    if numbers and numbers.z is not None and numbers.lower_bound is not None:
        counts = f"n = {numbers.n}, b = {numbers.b}, c = {numbers.c}, Z = {numbers.z:.3f}"
        yield "", Text(f"{counts}, lower bound {numbers.lower_bound:+.4f}, margin {-numbers.margin:+.4f}")


def _live(record: RolloutRecord) -> Iterable[tuple[str, Text]]:
    if record.shadow is not None:
        yield "shadow", Text(describe_agreement(record.shadow))
    if record.labels is not None:
        yield "labels", Text(f"{LABEL_STATE_TEXTS[record.labels.state]}: {describe_labels(record.labels)}")


def _time(status: RolloutStatus) -> Iterable[tuple[str, Text]]:
    time, record = status.time, status.rollout
    if time is not None:
        parts = [f"{time.seconds:.0f} s {_DOING[record.state].format(record.asked_percent)}"]
        awaited = [f"at least {time.seconds_at_least:.0f} s"] if time.seconds_at_least >= 0.5 else []
        awaited += [f"{time.requests_at_least} requests"] if time.requests_at_least else []
        parts += [f"waits for {' and '.join(awaited)}"] if awaited else []
        parts += [f"goes back in {time.seconds_at_most:.0f} s"] if time.seconds_at_most is not None else []
        yield "time", Text("; ".join(parts))
    if status.seconds_left is not None:
        yield "", Text(f"{status.seconds_left:.0f} s left of the whole rollout")


def _end(record: RolloutRecord) -> Iterable[tuple[str, Text]]:
    if record.outcome is not None and record.because:
        name = "ended" if record.is_finished else "goes back"
        yield name, Text(str(record.outcome), style=_OUTCOME_STYLES[record.outcome]).append(f": {record.because}")


def _steps(status: RolloutStatus) -> Iterable[RenderableType]:
    seen = [(str(number), each) for number, each in enumerate(status.rollout.observations, start=1)]
    if status.under_way is not None:
        seen.append((f"{status.rollout.step + 1}, now", status.under_way))
    if not seen:
        return
    table = _table("step", "asked", "gateway", "5xx", "revisions", "p of the split", "seconds")
    for name, each in seen:
        table.add_row(
            name, f"{each.asked_percent} %", *_observed(each), f"{each.split_p_value:.2g}", f"{each.seconds:.0f}"
        )
    yield Text()
    yield table


def _guardrails(record: RolloutRecord) -> Iterable[RenderableType]:
    """A row for each guardrail of the newest window that has any, by each source."""
    found = record.guardrails or (record.observations[-1].guardrails if record.observations else ())
    if not found:
        return
    table = _table("guardrail", "source", "stable", "canary", "more, at least", "at most", "allowed", "")
    differs = find_disagreements(found)
    for one in found:
        say = share_text if one.guardrail is Guardrail.ERRORS else seconds_text
        numbers = (one.stable, one.canary, one.excess_at_least, one.excess_at_most, one.allowed)
        state = f"{STATE_TEXTS[one.state]}{', the sources disagree' if one.guardrail in differs else ''}"
        table.add_row(one.guardrail, one.source, *(say(number) for number in numbers), state)
    yield Text()
    yield table


def _observed(seen: StepObservation) -> tuple[str, str, str]:
    return _share(seen.counts), str(seen.counts.failed), _share(seen.answered) if seen.answered is not None else "-"


def _share(counts: RequestCounts) -> str:
    answered = counts.stable + counts.canary
    return f"{100 * counts.canary / answered:.1f} % of {answered}" if answered else "no requests"


def _history(record: RolloutRecord) -> Iterable[RenderableType]:
    if not record.history:
        return
    left_out = max(0, len(record.history) - HISTORY_LINES)
    yield Text()
    if left_out:
        yield Text(f"          {left_out} lines before; --json has all", style="dim")
    yield from (Text(line) for line in describe_events(record, left_out))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, no_wrap=column != "why")
    return table


def _short(digest: str) -> str:
    return digest[:19]
