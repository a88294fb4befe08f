"""A row of features: a field for each where they are few, else a text to paste."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from nicegui import ui

from console.page.asked_predictor import AnswerRefused, AskedModel, PredictorAway

MOST_FIELDS = 40
"""Features beyond which nobody types them one by one."""


class RowForm:
    """Calls `on_row` with the row as JSON or CSV."""

    def __init__(
        self,
        model: AskedModel,
        on_row: Callable[[str], Awaitable[None]],
        read_example: Callable[[], Awaitable[list[Any]]],
    ) -> None:
        self._model = model
        self._on_row = on_row
        self._read_example = read_example
        self._has_fields = 0 < len(model.features) <= MOST_FIELDS
        self._fields: dict[str, ui.input | ui.select] = {}

    def build(self) -> None:
        """Make the elements."""
        with ui.element("form").classes("row-form").on("submit.prevent", self._submit):
            if self._has_fields:
                with ui.element("div").classes("fields"):
                    self._fields = {name: self._field(name) for name in self._model.features}
            else:
                label = f"A row of {len(self._model.features)} values, as CSV or JSON"
                self._text = ui.textarea(label).props("outlined rows=5 spellcheck=false").classes("wide numbers")
            with ui.element("div").classes("actions"):
                ui.button("Ask the model", color=None).props("unelevated no-caps type=submit").classes("primary")
                ui.button("Fill in an example", on_click=self._fill, color=None).props("flat no-caps type=button")

    def _field(self, name: str) -> ui.input | ui.select:
        known = self._model.categories.get(name)
        if known:
            return ui.select(list(known), label=name).props("outlined dense options-dense")
        return ui.input(name).props("outlined dense inputmode=decimal").classes("numbers")

    async def _submit(self) -> None:
        if not self._has_fields:
            await self._on_row(self._text.value or "")
            return
        row = {name: self._value(name) for name in self._model.features}
        await self._on_row(orjson.dumps({"row": row}).decode())

    def _value(self, name: str) -> object:
        given = self._fields[name].value
        if name in self._model.categories or given is None:
            return given
        try:
            return float(str(given).strip())
        except ValueError:
            return given  # the predictor says which one, and what it expects

    async def _fill(self) -> None:
        try:
            row = await self._read_example()
        except (AnswerRefused, PredictorAway) as error:
            ui.notify(str(error), type="warning")
            return
        if not self._has_fields:
            self._text.set_value(",".join(str(value) for value in row))
            return
        for name, value in zip(self._model.features, row, strict=False):
            self._fields[name].set_value(value if name in self._model.categories else f"{value:g}")
