"""The bodies of requests: the text around the numbers is a form, learned once; the numbers are read each time.

A form is learned by the readers of the ordinary way, from a body with made-up numbers in the place of the real ones.
That they find those very numbers, and take all the rest, makes it a form. The real ones then have to be as many
numbers, and nothing more: in JSON a value can stand wherever another one can, and binary data stand apart anyhow.
"""

import math
import random
import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import orjson
import simdjson

from open_inference import InferRequest, ProtocolError
from open_inference.binary_body import BINARY_DATA_SIZE
from predictor.classify.read_rows import read_rows
from predictor.errors import PredictorError
from predictor.http.quick.answers import AnswerForm, ClassifyForm, InferForm, NoForm
from predictor.http.quick.known import Known
from predictor.served_model import ServedModel

CLASSIFY = "/classify"
_MOST_BYTES = 256 * 1024
"""Of a body, which is read on the event loop."""
_MOST_TEXT = 2048
"""Around the numbers."""
_ID = re.compile(rb'"id" ?: ?("[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}")')  # of characters that JSON writes as they are
_JSON_NUMBERS = frozenset({"FP32", "FP64"})
_BINARY_NUMBERS = _JSON_NUMBERS | {"FP16", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"}
_MADE_UP = (1, 8)  # such as the model has answered when it was warmed up


class Form(NamedTuple):
    """What requests say besides their numbers."""

    request: InferRequest
    """With made-up numbers."""
    rows: int
    size: int
    """Of the numbers: bytes of binary data, or how many there are in JSON."""
    answer: AnswerForm


class Read(NamedTuple):
    """A body that was read."""

    form: Form
    numbers: Any
    """A buffer: of the model's own dtype where they came as binary data, of doubles where they came in JSON."""
    own_id: bytes
    """V2's, as JSON; empty where the request has none."""


class _Text(NamedTuple):
    """What is around the numbers; `ID` stands for the id, where there is one."""

    before: bytes
    after: bytes
    has_id: bool

    def with_id(self, own_id: str) -> tuple[bytes, bytes]:
        text = b'"id":"%b"' % own_id.encode()
        return self.before.replace(_PLACE, text), self.after.replace(_PLACE, text)


_PLACE = b'"id":"?"'


class Bodies:
    """The bodies of requests with one head, for `model` at one route. For one thread."""

    def __init__(
        self, route: str, model: ServedModel, headers: Mapping[str, str], *, json_size: int | None, most_rows: int
    ) -> None:
        self.is_binary = json_size is not None
        self._json_size = json_size or 0
        self._is_classify = route == CLASSIFY
        self._model = model
        self._content_type = headers.get("content-type", "")
        self._most_rows = most_rows
        self._forms: Known[_Text, Form] = Known(self._learn)
        self._parser = simdjson.Parser()

    def can_take(self, length: int) -> bool:
        """Whether a body of so many bytes may be one for here."""
        return length <= _MOST_BYTES

    def read(self, content: bytes, body_at: int) -> Read | None:
        """The body, which begins at `body_at`; None where it takes the ordinary way."""
        return self._read_binary(content, body_at) if self.is_binary else self._read_json(content, body_at)

    def _read_json(self, content: bytes, body_at: int) -> Read | None:
        start = content.find(b"[", body_at if self._is_classify else max(content.find(b'"data"', body_at), body_at))
        end = content.find(b"]", start) + 1
        if start < 0 or end == 0 or start - body_at + len(content) - end > _MOST_TEXT:
            return None
        known = self._find_form(content[body_at:start], content[end:])
        if known is None:
            return None
        form, own_id = known
        try:
            found: Any = self._parser.parse(content[start:end])
            numbers = np.frombuffer(found.as_buffer(of_type="d"))
        except (ValueError, TypeError, RuntimeError):  # what simdjson raises for whatever is no list of numbers
            return None
        return Read(form, numbers, own_id) if numbers.size == form.size else None

    def _read_binary(self, content: bytes, body_at: int) -> Read | None:
        numbers_at = body_at + self._json_size
        if not 0 < self._json_size <= _MOST_TEXT or numbers_at > len(content):
            return None
        found = self._find_form(content[body_at:numbers_at], b"")
        if found is None:
            return None
        form, own_id = found
        return Read(form, content[numbers_at:], own_id) if len(content) - numbers_at == form.size else None

    def _find_form(self, before: bytes, after: bytes) -> tuple[Form, bytes] | None:
        if b'"id"' not in before and b'"id"' not in after:
            text, own_id = _Text(before, after, has_id=False), b""
        else:
            begin, *cut = _ID.split(before)
            end, *more = _ID.split(after)
            if len(cut) + len(more) != 2:
                return None
            own_id, rest = cut or more
            text = (
                _Text(begin + _PLACE + rest, after, has_id=True)
                if cut
                else _Text(before, end + _PLACE + rest, has_id=True)
            )
        form = self._forms.get(text)
        return (form, own_id) if form else None

    def _learn(self, text: _Text) -> Form | None:
        own_id = uuid.uuid4().hex
        try:
            request = self._read_made_up(*text.with_id(own_id))
            if request is None or request.id != (own_id if text.has_id else None):
                return None
            self._model.check(request)
            rows = self._model.rows_of(request)
            (tensor,) = request.inputs
            size = tensor.data.nbytes if self.is_binary else tensor.data.size
            if not size > 0 or rows > self._most_rows:
                return None
            form = ClassifyForm if self._is_classify else InferForm
            answerable = np.resize(np.arange(*_MADE_UP, dtype=tensor.data.dtype), tensor.shape)
            request = replace(request, inputs=(replace(tensor, data=answerable),))
            return Form(request, rows, size, form.learn(self._model, request))
        except (ProtocolError, PredictorError, NoForm, orjson.JSONDecodeError, LookupError, TypeError, ValueError):
            return None  # what is wrong with it is said on the ordinary way

    def _read_made_up(self, before: bytes, after: bytes) -> InferRequest | None:
        """The request with random numbers, if the ordinary way reads those and no others."""
        if self._is_classify:
            numbers = self._make_up(len(self._model.manifest.feature_names))
            request, is_single = read_rows(before + orjson.dumps(numbers) + after, self._content_type, self._model)
            if not is_single:
                return None
        elif self.is_binary:
            (tensor,) = orjson.loads(before)["inputs"]
            content = bytes(tensor["parameters"][BINARY_DATA_SIZE])
            return InferRequest.from_json(before + content, len(before))
        else:
            (tensor,) = orjson.loads(before + b"[]" + after)["inputs"]
            numbers = self._make_up(math.prod(tensor["shape"]))
            request = InferRequest.from_json(before + orjson.dumps(numbers) + after)
        return request if request.inputs[0].data.reshape(-1).tolist() == numbers else None

    def _make_up(self, count: int) -> list[int]:
        if not 0 <= count <= _MOST_BYTES:
            raise ValueError("nobody sends so many numbers to here")
        return [random.randint(*_MADE_UP) for _ in range(count)]
