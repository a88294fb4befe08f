"""Experiments: all of them, two side by side, and the way from one to a gated deployment."""

from asyncio import to_thread
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nicegui import ui

from access.scopes import Scope
from console.data_parts import DataPart
from console.experiments import Experiment, ExperimentState
from console.page.comparison import metric_differences, parameter_differences
from console.page.experiment_pair import ExperimentPair, read_pair
from console.page.fragments import SHOWN_ERRORS, Fragment, read_or_say
from console.page.training_form import TrainingForm
from console.page.under_way import UnderWay
from console.page.visitor import acting
from console.services import Services

LOOK_SECONDS = 2.0
STATE_LOOKS: Mapping[ExperimentState, str] = {
    ExperimentState.FINISHED: "good",
    ExperimentState.FAILED: "bad",
    ExperimentState.CANCELLED: "open",
    ExperimentState.RUNNING: "",
}
METRICS_SHOWN = 2


async def show_experiments(services: Services, compared: Sequence[str]) -> None:
    """The view; with two ids in `compared`, those side by side above the others."""
    view = ExperimentsView(services, sorted({int(one) for one in compared if one.isdecimal()})[:2])
    view.build()
    await view.look()
    ui.timer(LOOK_SECONDS, view.look, immediate=False)


@dataclass(frozen=True, slots=True)
class _Seen:
    experiments: Sequence[Experiment]
    serving: str
    """The digest of the bundle that serves; empty where none does."""
    parts: tuple[DataPart, ...]


class ExperimentsView:
    """One visit to the view."""

    def __init__(self, services: Services, compared: Sequence[int]) -> None:
        self._services = services
        self._compared = compared
        self._deployable: dict[int, str] = {}
        self._pair: ExperimentPair | None = None
        """Read once: what has finished does not change."""

    def build(self) -> None:
        """Make the elements, which say that they wait."""
        self._said = Fragment(live=True)
        self._under_way = UnderWay(self._services.experiments)
        self._comparison = Fragment()
        self._table = Fragment()
        self._table.show("loading.html", text="Reading the experiments…")
        with ui.element("section").classes("panel section").props('aria-label="Deploy"') as self._deploy:
            ui.html("Deploy", sanitize=False, tag="h2")
            with ui.element("div").classes("actions"):
                self._chosen = ui.select({}, label="Experiment").props("outlined dense options-dense").classes("choice")
                ui.button("Deploy through the gate", on_click=self._ask, color=None).props("flat no-caps").classes(
                    "primary"
                )
            self._about = Fragment()
            self._about.show("deploy.html")
        self._deploy.set_visibility(False)
        self._training = TrainingForm(self._services)
        self._training.build()
        with ui.dialog().props('aria-labelledby="deploy-title"') as self._dialog, ui.card():
            self._question = Fragment()
            with ui.element("div").classes("actions"):
                ui.button("Deploy", on_click=self._begin, color=None).props("flat no-caps").classes("primary")
                ui.button("Not now", on_click=self._dialog.close, color=None).props("flat no-caps autofocus")

    async def look(self) -> None:
        """Read what there is, and show it."""
        seen = await read_or_say(self._table, self._read)
        if seen is None:
            return
        self._training.offer(seen.parts)
        if not seen.experiments:
            step = "Start one below, or by PUT /retrain: it learns from all parts of the data set."
            self._table.show("empty.html", text="There is no experiment yet.", next_step=step)
            return
        newest = list(reversed(seen.experiments))
        running = [one for one in newest if one.state is ExperimentState.RUNNING]
        self._under_way.show(running)  # apart, so that ticks in the table are not lost
        names = metric_names(newest)
        shown = {"compared": self._compared, "looks": STATE_LOOKS, "serving": seen.serving}
        self._table.show("experiments.html", experiments=newest, metrics=names, **shown)
        await self._show_comparison(seen.experiments)
        self._offer(newest, seen.serving)

    def _read(self) -> _Seen:
        serving = self._services.deployments.serving()
        digest = serving.bundle_digest if serving else ""
        return _Seen(self._services.experiments.look(), digest, self._services.data.look())

    async def _show_comparison(self, experiments: Sequence[Experiment]) -> None:
        by_id = {one.experiment_id: one for one in experiments}
        pair = [by_id[one] for one in self._compared if one in by_id]
        if len(pair) < 2:
            self._comparison.clear()
            return
        first, second = pair
        if self._pair is None and all(one.state is ExperimentState.FINISHED for one in pair):
            tracking = self._services.experiments.tracking
            self._pair = await read_or_say(
                self._said, lambda: read_pair(tracking, first.experiment_id, second.experiment_id)
            )
        self._comparison.show(
            "comparison.html",
            first=first,
            second=second,
            pair=self._pair,
            parameters=parameter_differences(*pair),
            metrics=metric_differences(*pair),
        )

    def _offer(self, newest: Sequence[Experiment], serving: str) -> None:
        can = {
            one.experiment_id: f"{one.experiment_id}: {one.model} version {one.version}"
            for one in newest
            if one.state is ExperimentState.FINISHED and one.bundle_digest not in {None, serving}
        }
        if can != self._deployable:
            self._deployable = can
            self._chosen.set_options(can, value=next(iter(can), None))
        self._deploy.set_visibility(bool(can))

    def _ask(self) -> None:
        if self._chosen.value is not None:
            self._question.show("deploy_question.html", name=self._deployable[self._chosen.value])
            self._dialog.open()

    async def _begin(self) -> None:
        self._dialog.close()
        try:
            deployment, is_new = await to_thread(
                self._services.deployments.deploy, self._chosen.value, acting(Scope.DEPLOY)
            )
        except SHOWN_ERRORS as error:
            step = "Nothing was changed."
            self._said.show("away.html", text=str(error), next_step=step)
            return
        self._said.show("deployed.html", deployment=deployment, is_new=is_new)


def metric_names(experiments: Sequence[Experiment]) -> tuple[str, ...]:
    """The few metrics that most experiments have, the best known first."""
    known = ("accuracy", "macro_f1", "mean_absolute_error", "r2")
    there = {name for one in experiments for name in one.metrics or {}}
    chosen = [name for name in known if name in there]
    return tuple((*chosen, *sorted(there - set(known)))[:METRICS_SHOWN])
