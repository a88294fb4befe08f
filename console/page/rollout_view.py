"""A rollout: how traffic is split, how the evidence stands against the margin, the verdict, and the way to end it."""

from asyncio import to_thread
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from access.scopes import Scope
from console.page import evidence_chart
from console.page.evidence_chart import CourseChart, Interval, course_chart, forest
from console.page.fragments import SHOWN_ERRORS, Fragment
from console.page.rollout_facts import OUTCOME_LOOKS, live_facts, splits, state_look, state_text, steps, time_facts
from console.page.visitor import acting
from console.rollouts import Rollouts
from promotion.gate.record import EvidenceRecord
from promotion.report.live_tables import guardrail_rows
from promotion.rollout.record import RolloutRecord
from promotion.rollout.status import RolloutStatus

LOOK_SECONDS = 1.0
HISTORY_LINES = 40


async def show_rollout(rollouts: Rollouts, wanted: str | None) -> None:
    """The view of the newest rollout, or of the one with the id `wanted`."""
    view = RolloutView(rollouts, int(wanted) if wanted and wanted.isdecimal() else None)
    view.build()
    await view.look()
    ui.timer(LOOK_SECONDS, view.look, immediate=False)


@dataclass(frozen=True, slots=True)
class _Judged:
    at: tuple[int, int]
    """The rollout's id, and how long its history was: each look at further rows has evidence of its own."""
    evidence: EvidenceRecord
    course: CourseChart | None
    forest: Sequence[Interval]


@dataclass(frozen=True, slots=True)
class _Seen:
    status: RolloutStatus | None
    """None where there is no such rollout."""
    judged: _Judged | None
    """None before the verdict."""
    kept: Sequence[RolloutRecord]


class RolloutView:
    """One visit to the view."""

    def __init__(self, rollouts: Rollouts, wanted: int | None) -> None:
        self._rollouts = rollouts
        self._wanted = wanted
        self._shown = 0
        """The rollout that is shown; 0 where none is."""
        self._judged: _Judged | None = None
        """Read and computed once for each state of a rollout."""

    def build(self) -> None:
        """Make the elements, which say that they wait."""
        self._state = Fragment(live=True)
        self._state.show("loading.html", text="Reading the rollout…")
        with ui.element("div").classes("actions") as self._actions:
            ui.button("Stop and go back to stable", on_click=self._ask_abort, color=None).props("flat no-caps").classes(
                "danger"
            )
        self._actions.set_visibility(False)
        self._said = Fragment(live=True)
        self._body = Fragment()
        self._table = Fragment()
        """Apart from the body, which changes each second: whoever has opened it finds it open."""
        self._kept = Fragment()
        with ui.dialog().props('aria-labelledby="abort-title"') as self._dialog, ui.card():
            self._question = Fragment()
            self._reason = ui.input("Why (for the record)").props("outlined dense maxlength=200").classes("wide")
            with ui.element("div").classes("actions"):
                confirm = ui.button("Send everything to stable", on_click=self._abort, color=None)
                confirm.props("flat no-caps").classes("danger filled")
                ui.button("Let it go on", on_click=self._dialog.close, color=None).props("flat no-caps autofocus")

    async def look(self) -> None:
        """Read what there is, and show it."""
        try:
            seen = await to_thread(self._read)
        except SHOWN_ERRORS as error:
            step = "Look at the directory of the rollouts and at the gateway; this page tries again each second."
            self._state.show("away.html", text=str(error), next_step=step)
            self._actions.set_visibility(False)
            return
        if seen.status is None:
            text = "There is no rollout yet." if self._wanted is None else f"There is no rollout {self._wanted}."
            step = "Deploy an experiment, under Experiments: a rollout begins where another model serves already."
            self._state.show("empty.html", text=text, next_step=step)
            self._actions.set_visibility(False)
            return
        self._shown = seen.status.rollout.rollout_id
        self._show(seen.status, seen.judged, seen.kept)

    def _read(self) -> _Seen:
        kept = self._rollouts.look()
        wanted = self._wanted or (kept[-1].rollout_id if kept else 0)
        if not any(one.rollout_id == wanted for one in kept):
            return _Seen(None, None, kept)
        status = self._rollouts.find(wanted)
        at = wanted, len(status.rollout.history)
        if status.numbers is not None and (self._judged is None or self._judged.at != at):
            evidence = self._rollouts.evidence(wanted)
            if evidence is not None:
                self._judged = _Judged(at, evidence, course_chart(evidence), forest(evidence))
        return _Seen(status, self._judged if status.numbers is not None else None, kept)

    def _show(self, status: RolloutStatus, judged: _Judged | None, kept: Sequence[RolloutRecord]) -> None:
        record = status.rollout
        looks = {"state_look": state_look(record), "outcome_looks": OUTCOME_LOOKS}
        self._state.show("rollout_state.html", record=record, text=state_text(record), **looks)
        self._actions.set_visibility(not record.is_finished)
        self._body.show(
            "rollout.html",
            record=record,
            evidence=judged.evidence if judged else None,
            splits=list(splits(status)),
            steps=list(steps(record)),
            times=list(time_facts(status)),
            live=list(live_facts(record)),
            guardrails=list(guardrail_rows(record)),
            course=judged.course if judged else None,
            forest=judged.forest if judged else (),
            drawing=evidence_chart,
            events=list(reversed(record.history))[:HISTORY_LINES],
            **looks,
        )
        if judged is not None and judged.course is not None:
            self._table.show("course_table.html", course=judged.course)
        else:
            self._table.clear()
        self._kept.show("rollouts.html", kept=list(reversed(kept)), shown=record.rollout_id, **looks)

    def _ask_abort(self) -> None:
        self._question.show("abort.html")
        self._dialog.open()

    async def _abort(self) -> None:
        self._dialog.close()
        self._said.show("loading.html", text="Sending everything to stable…")
        try:
            ended = await to_thread(self._rollouts.abort, self._shown, acting(Scope.DEPLOY), self._reason.value or "")
        except SHOWN_ERRORS as error:
            step = "Look at the split: assay split show. Then try again."
            self._said.show("away.html", text=str(error), next_step=step)
            return
        self._said.show("aborted.html", record=ended.rollout)
        await self.look()
