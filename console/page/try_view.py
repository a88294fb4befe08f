"""Try the model: a picture or a row in, its answer as bars, and what the model saw of it."""

from asyncio import to_thread

import orjson
from nicegui import ui

from access.caller import OwnCredentials
from access.errors import AccessError
from access.scopes import Scope
from console.deployments import Deployments
from console.page.asked_predictor import Answer, AnswerRefused, AskedModel, AskedPredictor, PredictorAway
from console.page.fragments import Fragment, render
from console.page.picture_input import GivenPicture, PictureInput
from console.page.row_form import RowForm
from console.page.seen_picture import PictureNotUsable, fit_to_frame, picture_as_seen, row_as_seen
from console.page.visitor import acting


async def show_try(deployments: Deployments, credentials: OwnCredentials) -> None:
    """The view. Where nothing serves it says so."""
    head = Fragment()
    if await to_thread(deployments.serving) is None:
        text = "No model serves yet."
        head.show("empty.html", text=text, next_step="Train one under Experiments, and deploy it there.")
        return
    predictor = AskedPredictor(deployments.gateway_url, credentials)
    try:
        model = await predictor.read_model()
    except PredictorAway as away:
        head.show("away.html", text=str(away), next_step=away.next_step)
        return
    head.show("model.html", model=model)
    TryView(predictor, model).build()


class TryView:
    """One visit to the view, whose elements `build` makes where it is called."""

    def __init__(self, predictor: AskedPredictor, model: AskedModel) -> None:
        self._predictor = predictor
        self._model = model
        self._fits = True
        self._newest = 0
        """Counts what was asked: an answer that is overtaken is not shown."""
        self._last: GivenPicture | None = None

    def build(self) -> None:
        """Make the elements."""
        with ui.element("div").classes("two-columns"):
            with ui.element("section").props('aria-label="What is asked"'):
                if self._model.image is not None:
                    self._build_picture()
                else:
                    self._build_row()
            with ui.element("section").props('aria-label="The answer"').classes("panel"):
                self._answer = Fragment(live=True)
                self._answer.show("no_answer.html", takes_pictures=self._model.image is not None)
        if self._model.image is not None:
            with ui.element("details").classes("panel"):
                ui.html("Or give the row itself", sanitize=False, tag="summary")
                self._build_row()

    def _build_picture(self) -> None:
        form = self._model.image
        if form is None:
            return
        name = f"Drawing area for {self._model.title}"
        PictureInput(name, "Draw here", invert=form.invert, on_picture=self._ask_picture)
        fits = ui.html(render("fits.html"), sanitize=False)
        fits.on("change", self._set_fits, js_handler="(event) => emit(event.target.checked)")

    def _build_row(self) -> None:
        RowForm(self._model, self._ask_row, self._predictor.read_example).build()

    async def _set_fits(self, event: object) -> None:
        self._fits = getattr(event, "args", True) is True
        if self._last is not None:
            await self._ask_picture(self._last)

    async def _ask_picture(self, given: GivenPicture) -> None:
        form, self._last = self._model.image, given
        if form is None or not given.png:
            self._newest += 1
            self._answer.show("no_answer.html", takes_pictures=True)
            return
        try:
            png = fit_to_frame(given.png, form) if given.is_drawn and self._fits else given.png
            seen = picture_as_seen(png, form)
        except PictureNotUsable as error:
            self._refuse(str(error))
            return
        await self._ask(png, seen)

    async def _ask_row(self, row: str) -> None:
        await self._ask(row, _seen_of(row, self._model))

    async def _ask(self, what: bytes | str, seen: str) -> None:
        self._newest += 1
        mine = self._newest
        try:
            acting(Scope.INFER)
            answer = (
                await self._predictor.classify(what, self._model)
                if isinstance(what, str)
                else await self._predictor.classify_picture(what, self._model)
            )
        except AccessError as denied:
            self._answer.show("away.html", text=str(denied), next_step="Sign in with a key that allows it.")
        except AnswerRefused as refused:
            self._refuse(str(refused))
        except PredictorAway as away:
            self._answer.show("away.html", text=str(away), next_step=away.next_step)
        else:
            if mine == self._newest:
                self._answer.show("answer.html", answer=answer, model=self._model, seen=seen, bars=_bars(answer))

    def _refuse(self, text: str) -> None:
        step = "Change what you ask, and ask again."
        self._answer.show("away.html", text=f"The predictor refuses this: {text}.", next_step=step)


def _bars(answer: Answer) -> list[dict[str, object]]:
    best = max((share for _, share in answer.probabilities), default=0.0)
    return [
        {"label": label, "share": share, "width": f"{100 * share:.2f}", "is_best": share == best}
        for label, share in answer.probabilities
    ]


def _seen_of(row: str, model: AskedModel) -> str:
    """The picture that a row is; empty where it is none, which the predictor says better than this."""
    if model.image is None or model.image.layout != "flat":
        return ""
    try:
        given = orjson.loads(row) if row.lstrip().startswith("[") else row.strip().splitlines()[0].split(",")
        return row_as_seen([float(number) for number in given], model.image)
    except (ValueError, TypeError, IndexError):
        return ""
