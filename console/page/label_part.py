"""A data part of true labels from the page, as POST /feedback/part makes one."""

from asyncio import to_thread

from nicegui import ui

from access.scopes import Scope
from console.feedback_parts import USUAL_ROWS, FeedbackParts
from console.page.fragments import SHOWN_ERRORS, Fragment
from console.page.visitor import acting


class LabelPart:
    """One visit's; its elements are made where it is made."""

    def __init__(self, parts: FeedbackParts) -> None:
        self._parts = parts
        with ui.element("form").classes("panel section").on("submit.prevent", self._make):
            ui.html("A part of true labels", sanitize=False, tag="h2")
            with ui.element("div").classes("actions"):
                self._rows = ui.number("Fewest new rows", value=USUAL_ROWS, min=1, step=1, precision=0)
                self._rows.props("outlined dense").classes("choice")
                ui.button("Make a part", color=None).props("flat no-caps type=submit").classes("primary")
            Fragment().show("label_part.html")
            self._said = Fragment(live=True)

    async def _make(self) -> None:
        self._said.show("loading.html", text="Reading the labels…")
        try:
            made = await to_thread(self._parts.make, None, max(1, int(self._rows.value or 1)), acting(Scope.DEPLOY))
        except SHOWN_ERRORS as error:
            self._said.show("away.html", text=str(error), next_step="No part was made; give more labels first.")
            return
        self._said.show("part_made.html", part=made)
