"""The lines of a run's requests, written for all of them at once.

They say what record.py's do. What is the same in all of them is written once, and the numbers of a tensor are one call
of orjson and one cut.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from predictor.identity import ModelIdentity
from predictor.recording.record import MOST_NUMBERS, SCHEMA, KeptTensor, describe_as_json

Texts = Sequence[bytes]
"""Of each row of a run, its part of an array as JSON, without brackets."""


class RunTensor:
    """A tensor of a run, whose rows are C-contiguous; `part` has those of a request."""

    def __init__(self, whole: KeptTensor) -> None:
        self._whole = whole
        self._numbers = whole.data[:1].size
        self._begin = b'{"name":%b,"datatype":%b,"shape":' % (_json(whole.name), _json(whole.datatype))
        self._texts: Texts | None = None
        self._shape = b"".join(b",%d" % size for size in whole.data.shape[1:])

    def part(self, first: int, last: int) -> bytes:
        """The object of JSON for these rows."""
        if not self._whole.is_plain:
            part = self._whole.rows(first, last)
            return orjson.dumps(describe_as_json(part), option=orjson.OPT_SERIALIZE_NUMPY)
        head = b"%b[%d%b]" % (self._begin, last - first, self._shape)
        if self._numbers * (last - first) > MOST_NUMBERS:
            return b'%b,"base64":"%b"}' % (head, self._whole.rows(first, last).to_base64())
        if self._texts is None:
            self._texts = array_texts(self._whole.data)
        return b'%b,"data":[%b]}' % (head, _join(self._texts, first, last))


class RunLines:
    """What the lines of one run have in common, and how they are written."""

    def __init__(self, identity: ModelIdentity, transport: str) -> None:
        named = (
            ("model", identity.model),
            ("version", identity.version),
            ("revision", identity.revision),
            ("bundle_digest", identity.bundle_digest),
            ("transport", transport),
        )
        self._named = b"".join(b',"%b":%b' % (name.encode(), _json(text)) for name, text in named)
        self._second = -1
        self._time = ""

    def write(
        self,
        key: str,
        *,
        time_ns: int,
        request_id: str,
        door: str,
        seconds: float,
        rows: int,
        inputs: bytes,
        outputs: bytes,
        answers: bytes,
        own_id: bytes,
        client: str,
    ) -> bytes:
        """A line, without its end; `answers` are its labels or values, if it has any, behind a comma."""
        return b'{"schema":%d,"key":"%b","time":"%b","request_id":%b%b,"door":%b,"seconds":%b,"rows":%d,%b' % (
            SCHEMA,
            key.encode(),
            self._moment(time_ns),
            _json(request_id),
            self._named,
            _json(door),
            repr(round(seconds, 6)).encode(),
            rows,
            b'"is_cut":false,"inputs":[%b],"outputs":[%b]%b%b%b}'
            % (
                inputs,
                outputs,
                answers,
                b',"id":%b' % own_id if own_id else b"",
                b',"client":%b' % _json(client) if client else b"",
            ),
        )

    def _moment(self, time_ns: int) -> bytes:
        second, microseconds = divmod(time_ns // 1000, 1_000_000)
        if second != self._second:
            self._second = second
            self._time = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._time}.{microseconds:06}+00:00".encode()


def class_texts(
    classes: Sequence[str], indices: NDArray[np.int64], probabilities: NDArray[Any]
) -> Callable[[int, int], bytes]:
    """What writes the labels of some rows; `probabilities` are of those classes."""
    names = [_json(name) for name in classes]
    which = indices.tolist()
    labels, numbers, chances = [names[index] for index in which], array_texts(indices), array_texts(probabilities)

    def write(first: int, last: int) -> bytes:
        parts = (_join(texts, first, last) for texts in (labels, numbers, chances))
        return b',"labels":[%b],"indices":[%b],"probabilities":[%b]' % tuple(parts)

    return write


def value_texts(values: NDArray[Any]) -> Callable[[int, int], bytes]:
    """The same for a regression."""
    texts = array_texts(values)
    return lambda first, last: b',"values":[%b]' % _join(texts, first, last)


def array_texts(array: NDArray[Any]) -> Texts:
    """Of each row of `array`, which is C-contiguous; what is no number becomes null."""
    if not len(array):
        return ()
    content = orjson.dumps(array.reshape(len(array), -1), option=orjson.OPT_SERIALIZE_NUMPY)
    return content[2:-2].split(b"],[")


def _join(texts: Texts, first: int, last: int) -> bytes:
    return texts[first] if last - first == 1 else b",".join(texts[first:last])


def _json(text: str) -> bytes:
    return orjson.dumps(text)
