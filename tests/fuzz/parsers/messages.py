"""Messages of the V2 protocol, as a predictor gets them and as a gate does."""

import zlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from google.protobuf.message import DecodeError, Message

from open_inference import (
    DATATYPES,
    InferRequest,
    InferResponse,
    MalformedMessage,
    ModelMetadata,
    ProtocolError,
    RequestedOutput,
    Tensor,
    TensorMetadata,
)
from open_inference.binary_body import read_json_size
from open_inference.grpc_messages.generated.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from open_inference.grpc_messages.infer_messages import read_request, read_response, write_request, write_response
from predictor.errors import RequestError
from predictor.http.content_coding import check_coding, decompress
from predictor.http.form import read_form
from tests.fuzz.parser import Parser

_M = TypeVar("_M", bound=Message)
_WORDS = (
    *(b'"data"', b'"shape"', b'"datatype"', b'"parameters"', b'"binary_data_size"', b'"inputs"', b'"outputs"'),
    *(f'"{datatype}"'.encode() for datatype in DATATYPES),
)
_UNPACKED_BYTES = 2**20
_WINDOW_BITS = {"gzip": 31, "deflate": 15}
_BOUNDARY = "----b1"
_FORM_TYPE = f"multipart/form-data; boundary={_BOUNDARY}"
_FORM_WORDS = (
    *(b"------b1", b"------b1--", b"\r\n\r\n", b"Content-Disposition: form-data; name=", b'; filename="x"'),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n", b"boundary="),
    *(
        b"multipart/form-data; boundary=",
        b"Content-Type: text/plain; charset=utf-7\r\n",
        b"=3",
        b"filename*=utf-8''%ff",
    ),
)


def message_parsers() -> Iterator[Parser]:
    """JSON, JSON with binary data, gRPC; forms and compressed bodies."""
    requests, responses = [*_requests()], [*_responses()]
    yield Parser(
        "v2-request", [one.to_json() for one in requests], _read_request, (ProtocolError,), words=_WORDS, is_json=True
    )
    yield Parser(
        "v2-response", [one.to_json() for one in responses], _read_response, (ProtocolError,), None, _WORDS, True
    )
    yield Parser(
        "v2-binary-request",
        [_with_size(*one.to_binary()) for one in requests],
        _read_binary_request,
        (ProtocolError,),
        _repair_size,
        _WORDS,
    )
    yield Parser(
        "v2-binary-response",
        [_with_size(*one.to_binary([tensor.name for tensor in one.outputs])) for one in responses],
        _read_binary_response,
        (ProtocolError,),
        _repair_size,
        _WORDS,
    )
    yield Parser(
        "v2-grpc-request",
        [write_request(one, "digits").SerializeToString() for one in requests],
        _read_grpc_request,
        (ProtocolError, DecodeError),
    )
    yield Parser(
        "v2-grpc-response",
        [write_response(one, is_raw=is_raw).SerializeToString() for one in responses for is_raw in (True, False)],
        _read_grpc_response,
        (ProtocolError, DecodeError),
    )
    metadata = ModelMetadata(
        name="digits",
        versions=("1", "2"),
        platform="onnx",
        inputs=(TensorMetadata(name="x", datatype="FP32", shape=(-1, 4)),),
        outputs=(TensorMetadata(name="label", datatype="INT64", shape=(-1,)),),
    )
    yield Parser("v2-metadata", [metadata.to_json()], _read_metadata, (MalformedMessage,), is_json=True)
    plain = b"".join(one.to_json() for one in requests)
    packed = [_compress(content, coding) for content in (plain, bytes(2**22)) for coding in _WINDOW_BITS]
    yield Parser("content-coding", packed, _read_coded, (RequestError,))
    yield Parser("form", [*_forms()], _read_form, (RequestError,), None, _FORM_WORDS)


def _tensors() -> tuple[Tensor, ...]:
    texts = np.array([b"a", b"", "é".encode()], dtype=np.object_)
    return (
        Tensor.of("x", np.array([[1.5, -2], [np.nan, np.inf]], dtype=np.float32)),
        Tensor.of("words", texts),
        Tensor("half", "BF16", (2, 1), np.array([[1.5], [-3]], dtype=np.float32)),
        Tensor("f16", "FP16", (2,), np.array([1, 2], dtype=np.float16), {"note": "kept", "n": 1}),
        Tensor.of("yes", np.array([True, False])),
        Tensor.of("big", np.array([2**64 - 1, 0], dtype=np.uint64)),
        Tensor.of("small", np.array([[[-128]], [[127]]], dtype=np.int8)),
        Tensor.of("none", np.empty((0, 3), dtype=np.int64)),
    )


def _requests() -> Iterator[InferRequest]:
    tensors = _tensors()
    yield InferRequest((tensors[0],), (RequestedOutput("label", {"classification": 2}),), "id-1", {"binary": True})
    yield InferRequest(tensors[:3])
    yield InferRequest(tensors[4:])


def _responses() -> Iterator[InferResponse]:
    tensors = _tensors()
    yield InferResponse("digits", (tensors[0], tensors[5]), "1", "id-1", {"revision": "r1", "bundle_digest": "sha256:"})
    yield InferResponse("digits", (tensors[1], tensors[4], tensors[7]))


def _assert_same(one: Sequence[Tensor], other: Sequence[Tensor]) -> None:
    assert len(one) == len(other)
    for mine, theirs in zip(one, other, strict=True):
        assert (mine.name, mine.datatype, mine.shape) == (theirs.name, theirs.datatype, theirs.shape)
        np.testing.assert_array_equal(mine.data, theirs.data)


def _read_request(content: bytes) -> None:
    read = InferRequest.from_json(content)
    again = InferRequest.from_json(read.to_json())
    assert (again.id, again.outputs, again.parameters) == (read.id, read.outputs, read.parameters)
    _assert_same(again.inputs, read.inputs)


def _read_response(content: bytes) -> None:
    read = InferResponse.from_json(content)
    _assert_same(InferResponse.from_json(read.to_json()).outputs, read.outputs)


def _with_size(body: bytes, json_size: int) -> bytes:
    """The header's value, an end of line, the body."""
    return b"%d\n%b" % (json_size, body)


def _split(content: bytes) -> tuple[bytes, int | None]:
    header, _, body = content.partition(b"\n")
    return body, read_json_size(header.decode("latin-1") if header else None)


def _repair_size(content: bytes) -> bytes:
    """The size of the JSON as it is where its last brace is taken for its end."""
    body = content.partition(b"\n")[2]
    return _with_size(body, body.rfind(b"}") + 1)


def _read_binary_request(content: bytes) -> None:
    read = InferRequest.from_json(*_split(content))
    _assert_same(InferRequest.from_json(*read.to_binary()).inputs, read.inputs)


def _read_binary_response(content: bytes) -> None:
    read = InferResponse.from_json(*_split(content))
    again = InferResponse.from_json(*read.to_binary([tensor.name for tensor in read.outputs]))
    _assert_same(again.outputs, read.outputs)


def _read_grpc_request(content: bytes) -> None:
    read = read_request(_parse(ModelInferRequest, content))
    _assert_same(read_request(write_request(read, "digits")).inputs, read.inputs)


def _read_grpc_response(content: bytes) -> None:
    read = read_response(_parse(ModelInferResponse, content))
    for is_raw in (True, False):
        _assert_same(read_response(write_response(read, is_raw=is_raw)).outputs, read.outputs)


def _parse(kind: type[_M], content: bytes) -> _M:
    read: _M = kind.FromString(content)  # what a server tells of a DecodeError is in predictor/grpc/call_scope.py
    return read


def _read_metadata(content: bytes) -> None:
    read = ModelMetadata.from_json(content)
    assert ModelMetadata.from_json(read.to_json()) == read


def _compress(content: bytes, coding: str) -> bytes:
    """The coding, an end of line, the body as a client packs it."""
    stream = zlib.compressobj(wbits=_WINDOW_BITS[coding])
    return b"%b\n%b" % (coding.encode(), stream.compress(content) + stream.flush())


def _read_coded(content: bytes) -> None:
    coding, _, body = content.partition(b"\n")
    check_coding(coding.decode("latin-1"))
    plain = decompress(body, coding.decode("latin-1"), _UNPACKED_BYTES)
    assert len(plain) <= max(_UNPACKED_BYTES, len(body))
    if bits := _WINDOW_BITS.get(coding.decode("latin-1").lower()):
        assert plain == zlib.decompress(body, bits)


def _forms() -> Iterator[bytes]:
    """The value of Content-Type, an end of line, the body."""
    parts = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="top_k"\r\n\r\n3\r\n'.encode(),
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="x.png"\r\n'
        "Content-Type: image/png\r\n\r\n".encode()
        + b"\x89PNG\r\n\x1a\n\r\n",
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="b"; filename="b"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\nYWJj\r\n".encode(),
    )
    end = f"--{_BOUNDARY}--\r\n".encode()
    for chosen in (parts[:1], parts[:2], parts):
        yield _FORM_TYPE.encode() + b"\n" + b"".join(chosen) + end


def _read_form(content: bytes) -> None:
    content_type, _, body = content.partition(b"\n")
    parts = read_form(body, content_type.decode("latin-1"))
    assert sum(map(len, parts.values())) <= len(body)
