"""Predictions: what was answered, found again, and the true label of one of them."""

from asyncio import to_thread
from collections.abc import Mapping
from dataclasses import dataclass

from nicegui import ui
from starlette.datastructures import QueryParams

from access.scopes import Scope
from bundle import BundleError, Manifest
from console.errors import ConsoleError
from console.page.asked_input import AskedInput, read_input
from console.page.drift_view import RANGES, show_drift
from console.page.fragments import SHOWN_ERRORS, Fragment, read_at_last, read_or_say
from console.page.visitor import acting
from console.services import Services
from content_store.errors import ContentStoreError
from promotion.recorded.labels import TrueLabel
from records.prediction_search import Kind, PredictionFound, PredictionPage, PredictionsWanted

ROWS_A_PAGE = 25
KINDS: Mapping[Kind, str] = {
    "all": "All",
    "unlabelled": "Without a true label",
    "labelled": "With a true label",
    "wrong": "Wrong",
    "disagreements": "Revisions disagree",
}


async def show_predictions(services: Services, asked: QueryParams) -> None:
    """The view of those that `asked` asks for, or of a single one."""
    request_id = asked.get("one")
    if request_id:
        row = asked.get("row", "0")
        await OnePrediction(services, request_id, int(row) if row.isdecimal() else 0).show()
        return
    place = Fragment()
    wanted, given = wanted_of(asked), dict(asked)

    def read() -> PredictionPage:
        return services.predictions.search(wanted, limit=ROWS_A_PAGE, page=asked.get("page") or None)

    place.show("loading.html", text="Searching…")
    page = await read_at_last(place, read)
    if page is not None:
        place.show("predictions.html", page=page, given=given, kinds=KINDS, wanted=wanted)
        hours = asked.get("hours", "")
        await show_drift(services.drift, int(hours) if hours.isdecimal() and int(hours) in RANGES else 24)


def wanted_of(asked: QueryParams) -> PredictionsWanted:
    """What a query asks for; what it does not say leaves all."""
    asked_for: list[Kind] = [kind for kind in KINDS if kind == asked.get("kind")]
    label, revision, request_id = (asked.get(name, "").strip() or None for name in ("label", "revision", "request_id"))
    return PredictionsWanted(
        kind=asked_for[0] if asked_for else "all", label=label, revision=revision, request_id=request_id
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    found: PredictionFound
    asked: AskedInput
    manifest: Manifest | None
    """Of the bundle that answered; None where this console does not have it."""


class OnePrediction:
    """What is known of one, and a place to say what is true."""

    def __init__(self, services: Services, request_id: str, row: int) -> None:
        self._services = services
        self._request_id = request_id
        self._row = row

    async def show(self) -> None:
        """Make the elements."""
        self._about = Fragment()
        self._about.show("loading.html", text="Reading the prediction…")
        self._said = Fragment(live=True)
        seen = await read_or_say(self._about, self._read)
        if seen is None:
            return
        self._show(seen)
        with ui.element("form").classes("panel section").on("submit.prevent", self._give):
            ui.html("What is true?", sanitize=False, tag="h2")
            with ui.element("div").classes("actions"):
                self._label = _label_field(seen)
                ui.button("Keep the label", color=None).props("flat no-caps type=submit").classes("primary")

    def _read(self) -> _Seen:
        seen = self._services.predictions.find(self._request_id, self._row)
        manifest = self._manifest_of(seen.prediction.bundle_digest)
        label = self._true_label()
        fields = {name: getattr(seen.prediction, name) for name in PredictionFound._fields if name != "true_label"}
        return _Seen(PredictionFound(**fields, true_label=label), read_input(seen.inputs, manifest), manifest)

    def _true_label(self) -> str | None:
        wanted = PredictionsWanted(kind="labelled", request_id=self._request_id)
        page = self._services.predictions.search(wanted, limit=1000)
        return next((one.true_label for one in page.predictions if one.row == self._row), None)

    def _manifest_of(self, digest: str) -> Manifest | None:
        try:
            return self._services.bundles.find(digest).manifest
        except (BundleError, ConsoleError, ContentStoreError):
            return None

    def _show(self, seen: _Seen) -> None:
        self._about.show("prediction.html", one=seen.found, asked=seen.asked)

    async def _give(self) -> None:
        label = str(self._label.value or "").strip()
        if not label:
            self._said.show("away.html", text="There is no label.", next_step="Say what is true, then keep it.")
            return
        given = [TrueLabel(self._request_id, self._row, label)]
        try:
            taken = await to_thread(self._services.feedback.give, given, acting(Scope.DEPLOY))
            seen = await to_thread(self._read)
        except SHOWN_ERRORS as error:
            self._said.show("away.html", text=str(error), next_step="The label was not kept: try again.")
            return
        self._show(seen)
        self._said.show("labelled.html", given=label, stands=seen.found.true_label, taken=taken)


def _label_field(seen: _Seen) -> ui.input | ui.select:
    classes = seen.manifest.classes if seen.manifest else ()
    if classes:
        chosen = seen.found.true_label or seen.found.label
        field = ui.select(list(classes), label="True label", value=chosen if chosen in classes else None)
        return field.props("outlined dense options-dense").classes("choice")
    return ui.input("True label", value=seen.found.true_label or "").props("outlined dense").classes("choice")
