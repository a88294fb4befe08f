"""Trainings that are under way, and the way to end one."""

from asyncio import to_thread
from collections.abc import Sequence
from functools import partial

from nicegui import ui

from access.scopes import Scope
from console.experiments import Experiment, Experiments
from console.page.fragments import SHOWN_ERRORS, Fragment
from console.page.visitor import acting


class UnderWay:
    """One visit's; its elements are made where it is made."""

    def __init__(self, experiments: Experiments) -> None:
        self._experiments = experiments
        self._shown: dict[int, Fragment] = {}
        self._asked = 0
        self._said = Fragment(live=True)
        self._place = ui.element("div")
        with ui.dialog().props('aria-labelledby="cancel-title"') as self._dialog, ui.card():
            self._question = Fragment()
            with ui.element("div").classes("actions"):
                ui.button("End it", on_click=self._cancel, color=None).props("flat no-caps").classes("danger filled")
                ui.button("Let it go on", on_click=self._dialog.close, color=None).props("flat no-caps autofocus")

    def show(self, running: Sequence[Experiment]) -> None:
        """Show these; buttons stay where they are while the same ones run."""
        if [one.experiment_id for one in running] != list(self._shown):
            self._place.clear()
            self._shown = {}
            with self._place:
                for one in running:
                    with ui.element("div").classes("under-way"):
                        self._shown[one.experiment_id] = Fragment()
                        end = ui.button("End", on_click=partial(self._ask, one.experiment_id), color=None)
                        end.props(f'flat no-caps aria-label="End experiment {one.experiment_id}"').classes("danger")
        for one in running:
            self._shown[one.experiment_id].show("under_way.html", one=one)

    def _ask(self, experiment_id: int) -> None:
        self._asked = experiment_id
        self._question.show("cancel_question.html", experiment_id=experiment_id)
        self._dialog.open()

    async def _cancel(self) -> None:
        self._dialog.close()
        try:
            await to_thread(self._experiments.cancel, self._asked, acting(Scope.DEPLOY))
        except SHOWN_ERRORS as error:
            self._said.show("away.html", text=str(error), next_step="The training goes on.")
            return
        self._said.show("notice.html", text=f"Experiment {self._asked} is being ended.")
