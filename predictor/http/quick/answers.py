"""The answers to requests of one form: what is the same in all of them is written once, by the ordinary way.

From an answer to made-up numbers everything is cut out that depends on the numbers or on the request's id. Put
together again it has to be that answer, to the letter; whatever is not has no form.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from open_inference import InferRequest
from predictor.classify.answer import classification
from predictor.served_model import Inference, ServedModel

_DATA = b'"data":['


class NoForm(Exception):
    """The answers cannot be put together here."""


class AnswerForm(Protocol):
    """Writes the answers to requests of one form."""

    @property
    def outputs(self) -> Sequence[str]:
        """The outputs that such a request asks for."""

    def write(self, run: "RunTexts", first: int, last: int, own_id: bytes, request_id: str) -> tuple[bytes, int]:
        """The body of the answer to rows `first` up to `last` of a run, and how many bytes of it are JSON.

        `own_id` is V2's, as JSON; empty where the request has none. Raises NoForm.
        """


class RunTexts:
    """What a run has answered, as texts, made when somebody asks for them."""

    def __init__(self, inference: Inference) -> None:
        self.inference = inference
        self._tensors = {tensor.name: tensor for tensor in inference.outputs}
        self._texts: dict[str, list[bytes]] = {}
        self._best: list[bytes] = []

    def join(self, output: str, first: int, last: int) -> bytes:
        """The numbers of these rows, as JSON without the brackets. Raises NoForm."""
        texts = self._texts.get(output)
        if texts is None:
            data = self._tensors[output].data
            texts = self._texts[output] = _write_rows(data.reshape(len(data), -1))
        return texts[first] if last - first == 1 else b",".join(texts[first:last])

    def cut(self, output: str, first: int, last: int) -> bytes:
        """The numbers of these rows as binary data."""
        data = self._tensors[output].data[first:last]
        return data.astype(data.dtype.newbyteorder("<"), copy=False).tobytes()

    def best(self, row: int) -> bytes:
        """The probability of a row's class, as JSON. Raises NoForm."""
        if not self._best:
            indices = self.inference.class_indices
            chosen = self.inference.probabilities[np.arange(len(indices)), indices][:, np.newaxis]
            numbers = orjson.loads(b"[%b]" % b",".join(_write_rows(chosen)))
            self._best = orjson.dumps(numbers)[1:-1].split(b",")  # as FP64, which orjson writes otherwise: 6e-6
        return self._best[row]


@dataclass(frozen=True, slots=True)
class InferForm:
    """An AnswerForm of V2."""

    outputs: tuple[str, ...]
    written: tuple[str, ...]
    """Those that are answered in JSON."""
    pieces: tuple[bytes, ...]
    """What is before the id, and around the numbers of each of those."""

    @classmethod
    def learn(cls, model: ServedModel, request: InferRequest) -> Self:
        """The form of the answers to `request`, which the model takes. Raises NoForm and what the model raises."""
        inference = model.infer(request)
        if any(tensor.data.dtype.kind == "O" or not tensor.data.size for tensor in inference.outputs):
            raise NoForm
        mark = uuid.uuid4().hex
        response = inference.to_response(mark)
        names = tuple(tensor.name for tensor in inference.outputs)
        binary = request.binary_outputs(names)
        content, json_size = response.to_binary(binary)
        before, _, rest = content[:json_size].partition(b'"%b"' % mark.encode())
        pieces = [before]
        for _ in range(len(names) - len(binary)):
            end = rest.index(_DATA) + len(_DATA)
            pieces.append(rest[:end])
            rest = rest[rest.index(b"]", end) :]
        form = cls(names, tuple(name for name in names if name not in binary), (*pieces, rest))
        everything = model.infer(model.request_for(request.inputs[0].data))
        written = form.write(RunTexts(everything), 0, model.rows_of(request), b"", mark)
        if written != (content, json_size):
            raise NoForm
        return form

    def write(self, run: RunTexts, first: int, last: int, own_id: bytes, request_id: str) -> tuple[bytes, int]:
        """See AnswerForm."""
        parts = [self.pieces[0], own_id or orjson.dumps(request_id), self.pieces[1]]
        for output, piece in zip(self.written, self.pieces[2:], strict=True):
            parts += run.join(output, first, last), piece
        json = b"".join(parts)
        if len(self.written) == len(self.outputs):
            return json, len(json)
        binary = [run.cut(output, first, last) for output in self.outputs if output not in self.written]
        return b"".join((json, *binary)), len(json)


@dataclass(frozen=True, slots=True)
class ClassifyForm:
    """An AnswerForm of /classify: one row of a model with classes."""

    outputs: tuple[str, ...]
    labels: tuple[bytes, ...]
    """As JSON, by index."""
    pieces: tuple[bytes, bytes]
    """What is behind the prediction and before the id, and behind that."""

    @classmethod
    def learn(cls, model: ServedModel, request: InferRequest) -> Self:
        """The form of the answers to `request`, which the model takes. Raises NoForm and what the model raises."""
        classes = model.manifest.classes
        inference = model.infer(request)
        if not classes or len(inference.class_indices) != 1:
            raise NoForm
        mark = uuid.uuid4().hex
        said = classification(inference, classes, request_id=mark, with_probabilities=False)
        content = said.to_json(is_single=True)
        before, _, after = content.partition(b'"%b"' % mark.encode())
        names = tuple(tensor.name for tensor in inference.outputs)
        labels = tuple(orjson.dumps(label) for label in classes)
        form = cls(names, labels, (before[before.rindex(b'],"model"') :], after))
        written = form.write(RunTexts(inference), 0, 1, b"", mark)
        if written[0] != content:
            raise NoForm
        return form

    def write(self, run: RunTexts, first: int, last: int, own_id: bytes, request_id: str) -> tuple[bytes, int]:  # noqa: ARG002  # one row, and no id but the request's
        """See AnswerForm."""
        index = int(run.inference.class_indices[first])
        said = b'"label":%b,"index":%d,"probability":%b' % (self.labels[index], index, run.best(first))
        content = b'{%b,"predictions":[{%b}%b%b%b' % (
            said,
            said,
            self.pieces[0],
            orjson.dumps(request_id),
            self.pieces[1],
        )
        return content, len(content)


def _write_rows(rows: NDArray[Any]) -> list[bytes]:
    """(rows, 1 or more) numbers -> the JSON of each row, without the brackets. Raises NoForm."""
    if rows.dtype.kind == "f" and not np.isfinite(rows).all():  # which JSON writes otherwise
        raise NoForm
    text = orjson.dumps(np.ascontiguousarray(rows), option=orjson.OPT_SERIALIZE_NUMPY)
    return text[2:-2].split(b"],[")
