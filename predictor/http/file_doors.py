"""POST /forward_batch and POST /evaluate: a CSV or a ZIP of pictures in, an answer to every row out.

A file goes through the data plane in pieces, one after the other, and each piece is a request like any other: it waits
in the queue, has the deadline of one, is counted and can be refused. So a large file leaves room for everybody else.
"""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from predictor.batches import Exchange
from predictor.data_plane import Caller, DataPlane
from predictor.errors import DeadlineExceeded, NoAnswer, QueueFull, RequestRefused
from predictor.examples import ExampleRequest
from predictor.files.answer import Batch, Evaluation, FilePrediction, batch_answer, evaluation, name_rows
from predictor.files.piece import FileRules, Piece
from predictor.files.read_pieces import read_pieces
from predictor.http.asked_model import AskedModel
from predictor.http.body import Answer, read_body, write_answer
from predictor.http.form import is_form, read_form
from predictor.http.forward_exchanges import explained
from predictor.http.openapi_files import EXPLAINED_ERROR, file_body
from predictor.http.request_scope import caller_of, request_id_of, trail_of
from predictor.served_model import Inference, ServedModel


def file_doors(plane: DataPlane, rules: FileRules, examples: tuple[ExampleRequest, ...]) -> APIRouter:
    """The doors."""
    router = APIRouter(tags=["forward"], responses=EXPLAINED_ERROR)
    work = _FileWork(plane, rules)

    @router.post(
        "/forward_batch", responses={200: {"model": Batch}}, openapi_extra=file_body(examples, "/forward_batch")
    )
    async def forward_batch(request: Request, model: AskedModel) -> Response:
        """The class of each row of a CSV file, or of each picture in a ZIP."""
        return await work.answer(request, model, with_labels=False)

    @router.post("/evaluate", responses={200: {"model": Evaluation}}, openapi_extra=file_body(examples, "/evaluate"))
    async def evaluate(request: Request, model: AskedModel) -> Response:
        """The same for labelled rows, and how good it is: a CSV with a column of labels, or a ZIP with labels.csv."""
        return await work.answer(request, model, with_labels=True)

    return router


class _FileWork:
    def __init__(self, plane: DataPlane, rules: FileRules) -> None:
        self._plane = plane
        self._rules = rules
        self._places = asyncio.Semaphore(rules.at_once)

    async def answer(self, request: Request, model: ServedModel, *, with_labels: bool) -> Response:
        request_id = request_id_of(request)
        with explained(request_id):
            seconds = min(caller_of(request).seconds, self._rules.deadline_seconds)
            if self._places.locked():
                raise QueueFull(f"{self._rules.at_once} files are worked on, and no more are taken; ask again soon")
            async with self._places:
                try:
                    async with asyncio.timeout(seconds):
                        predictions = await self._predict(request, model, with_labels=with_labels)
                except TimeoutError:
                    late = f"the file has no answer after {seconds:.3g} s, its deadline; expected fewer rows"
                    raise DeadlineExceeded(late) from None
                written = await asyncio.to_thread(
                    _write, predictions, request.headers, request_id, model, with_labels=with_labels
                )
                return written.to_response()

    async def _predict(self, request: Request, model: ServedModel, *, with_labels: bool) -> list[FilePrediction]:
        body = await read_body(request, self._rules.body_limit_bytes)

        def open_file() -> Iterator[Piece]:
            content = _find_file(body(), request.headers.get("content-type", ""))
            return read_pieces(content, model, self._rules.limits, with_labels=with_labels)

        pieces = await asyncio.to_thread(open_file)
        predictions: list[FilePrediction] = []
        while piece := await asyncio.to_thread(next, pieces, None):
            if await request.is_disconnected():
                raise ClientDisconnect
            read = partial(_read_piece, piece, model, len(predictions))
            try:
                predictions += await self._plane.infer_in_loop(model, read, Caller(trail_of(request)))
            except NoAnswer as error:
                raise NoAnswer(f"in the rows after the first {len(predictions)}: {error}") from error
        return predictions


def _find_file(body: bytes, content_type: str) -> bytes:
    """The body itself, or the one file of a form. Raises RequestRefused."""
    if not is_form(content_type):
        return body
    parts = read_form(body, content_type)
    if len(parts) != 1:
        raise RequestRefused(f"the form has {len(parts)} parts; expected one, the file")
    return next(iter(parts.values()))


def _read_piece(piece: Piece, model: ServedModel, rows_before: int) -> Exchange[list[FilePrediction]]:
    asked = piece.read()
    try:
        model.check(asked)
    except RequestRefused as error:
        raise RequestRefused(f"in the rows after the first {rows_before}: {error}") from error

    def write(inference: Inference) -> list[FilePrediction]:
        return name_rows(inference, piece, model.manifest.classes)

    return asked, write


def _write(
    predictions: list[FilePrediction],
    headers: Mapping[str, str],
    request_id: str,
    model: ServedModel,
    *,
    with_labels: bool,
) -> Answer:
    said: Batch = (
        evaluation(predictions, model.manifest.classes, model.identity, request_id)
        if with_labels
        else batch_answer(predictions, model.identity, request_id)
    )
    return write_answer(headers, said.to_json())
