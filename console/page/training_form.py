"""A training from the page: what PUT /retrain takes, asked once more before it begins."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import Any

import yaml
from nicegui import ui

from access.scopes import Scope
from bundle.yaml_document import YamlMalformed, read_yaml
from console.data_parts import DataPart
from console.errors import Refused
from console.experiments import TrainingOrder
from console.page.fragments import SHOWN_ERRORS, Fragment
from console.page.visitor import acting
from console.services import Services


class TrainingForm:
    """One visit's; its elements are made where `build` is called."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._parts: tuple[DataPart, ...] = ()
        self._order = TrainingOrder()

    def build(self) -> None:
        """Make the elements, folded away."""
        with ui.element("details").classes("panel section"):
            ui.html("Start a training", sanitize=False, tag="summary")
            self._chosen = ui.select({}, label="Parts; none: all that there are", multiple=True)
            self._chosen.props("outlined dense options-dense use-chips").classes("wide")
            label = "Parameters, as params.yaml has them; what is left out is as the console has it"
            self._parameters = ui.textarea(label, value="").props("outlined dense rows=5 spellcheck=false")
            self._parameters.classes("wide code")
            with ui.element("div").classes("actions"):
                ui.button("Train", on_click=self._ask, color=None).props("flat no-caps").classes("primary")
            self._said = Fragment(live=True)
        with ui.dialog().props('aria-labelledby="train-title"') as self._dialog, ui.card():
            self._question = Fragment()
            with ui.element("div").classes("actions"):
                ui.button("Start it", on_click=self._begin, color=None).props("flat no-caps").classes("primary")
                ui.button("Not now", on_click=self._dialog.close, color=None).props("flat no-caps autofocus")

    def offer(self, parts: tuple[DataPart, ...]) -> None:
        """The parts that can be chosen from now on."""
        if parts != self._parts:
            self._parts = parts
            self._chosen.set_options({one.digest: f"{one.number}: {one.name}" for one in parts})

    def _ask(self) -> None:
        try:
            self._order = TrainingOrder(_read_parameters(self._parameters.value or ""), tuple(self._chosen.value or ()))
        except Refused as error:
            self._said.show("away.html", text=str(error), next_step="No training was started.")
            return
        self._said.clear()
        parts = [one for one in self._parts if one.digest in self._order.parts] or list(self._parts)
        self._question.show(
            "train_question.html",
            parts=parts,
            parameters=_shown(self._order.parameters) if self._order.parameters else "",
        )
        self._dialog.open()

    async def _begin(self) -> None:
        self._dialog.close()
        self._said.show("loading.html", text="Starting the training…")
        try:
            begun, _ = await to_thread(self._services.experiments.begin, self._order, acting(Scope.DEPLOY))
        except SHOWN_ERRORS as error:
            self._said.show("away.html", text=str(error), next_step="No training was started.")
            return
        self._said.show("notice.html", text=f"Experiment {begun.experiment_id} is being trained.")


def _shown(parameters: Mapping[str, Any]) -> str:
    """On a line, as YAML and JSON have them alike."""
    return yaml.safe_dump(dict(parameters), default_flow_style=True, sort_keys=False, width=10_000).strip()


def _read_parameters(text: str) -> Mapping[str, Any]:
    """YAML, or JSON, which is YAML as well. Raises Refused with the line."""
    try:
        given = read_yaml(text)
    except YamlMalformed as error:
        where = f", line {error.line}" if error.line else ""
        raise Refused(f"parameters{where}: not YAML: {error.problem}") from error
    if given is not None and not isinstance(given, Mapping):
        raise Refused("parameters: expected names with values, such as model: {name: digits}")
    return given or {}
