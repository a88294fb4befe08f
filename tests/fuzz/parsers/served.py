"""What a predictor's doors take beside V2: rows, pictures, files, headers; with real models behind them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from starlette.datastructures import Headers

from access.request_id import choose_request_id
from bundle import AnswerOutputs, ImageForm
from open_inference import ProtocolError
from open_inference.binary_body import read_json_size
from predictor.errors import RequestError
from predictor.files.piece import FileLimits
from predictor.files.read_pieces import read_pieces
from predictor.forward.read_forward import read_top_classes
from predictor.http.content_coding import check_coding, compress
from predictor.http.exchanges import read_classify
from predictor.http.forward_exchanges import forward_exchange
from predictor.http.quick.bodies import Bodies
from predictor.http.quick.heads import Door, Heads
from predictor.http.request_scope import read_timeout
from predictor.images.decode import decode_image
from predictor.served_model import ServedModel
from predictor.settings import PredictorSettings
from predictor.tracing.otlp import OtlpTracing
from predictor.wiring import load_model
from tests.fuzz.parser import Parser
from tests.fuzz.parsers.pictures import picture_samples, repair_png
from tests.fuzz.parsers.tables import to_zip
from tests.predictor.bundles import write_contrary_bundle
from tests.predictor.foreign_models import make_cnn, make_price_list, write_foreign_bundle
from tests.predictor.pictures import to_json

_PIXELS = 2**20
_LIMITS = FileLimits(rows=100, rows_of_piece=2, pixels=_PIXELS, entry_bytes=2**18, unpacked_bytes=2**19)
_REFUSED = (RequestError, ProtocolError)
_TRACE_PARENT = "traceparent"


def served_parsers(folder: Path) -> Iterator[Parser]:
    """The doors, each without its transport."""
    settings = PredictorSettings()
    numbers = load_model(write_contrary_bundle(folder / "bundles", has_loop=False), settings)
    prices = load_model(_prices(folder), settings)
    shapes = load_model(_shapes(folder), settings)
    yield from _row_parsers(numbers, prices)
    yield from _picture_parsers(shapes)
    yield Parser("headers", [*_heads(numbers)], _read_headers, _REFUSED, None, _HEADER_WORDS)
    yield Parser("quick-head", [*_heads(numbers)], _read_quick_head(numbers), (), None, _HEADER_WORDS)
    yield Parser("quick-body", [*_quick_bodies(numbers)], _read_quick_body(numbers), (), is_json=True)


def _row_parsers(numbers: ServedModel, prices: ServedModel) -> Iterator[Parser]:
    row = [1.0, 2.5, -3.0, 0.0]
    names = numbers.manifest.feature_names
    named = dict(zip(names, row, strict=True))
    documents: list[Any] = [row, [row, row], {"row": row}, {"rows": [row] * 3}, named, {"row": named}, [named, named]]
    samples = [orjson.dumps(document) for document in documents]
    yield Parser("classify-json", samples, _read_rows(numbers, "application/json"), _REFUSED, is_json=True)
    mixed = [orjson.dumps(rows) for rows in ([[2.5, "harbour"]], [{"district": "station", "area": 3}])]
    yield Parser("classify-table-json", mixed, _read_rows(prices, ""), _REFUSED, is_json=True)
    lines = [b"1,2.5,-3,0\n" * 3, ",".join(names).encode() + b"\r\n1,2,3,4\r\n"]
    yield Parser("classify-csv", lines, _read_rows(numbers, "text/csv"), _REFUSED)
    tables = [b"2.5,harbour\n3,station\n", b'district,area\n"har""bour",1\n']
    yield Parser("classify-table-csv", tables, _read_rows(prices, "text/csv"), _REFUSED)
    labelled = (
        ",".join((*names, "label")).encode()
        + b"\n"
        + b"".join(b"1,2,3,4,%b\n" % name.encode() for name in numbers.manifest.classes)
    )
    for with_labels in (True, False):
        name = "evaluate-csv" if with_labels else "forward-batch-csv"
        yield Parser(name, [labelled, *lines], _read_file(numbers, with_labels=with_labels), _REFUSED)


def _picture_parsers(shapes: ServedModel) -> Iterator[Parser]:
    pictures = [*picture_samples()]
    yield Parser(
        "picture", pictures, _read_picture, _REFUSED, repair_png, (b"IDAT", b"IEND", b"tEXt", b"zTXt", b"iCCP")
    )
    documents = [orjson.dumps(to_json(picture)) for picture in pictures[:3]]
    yield Parser("forward-json", documents, _read_forward(shapes, "application/json"), _REFUSED, is_json=True)
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
    field = b'\r\n--b\r\nContent-Disposition: form-data; name="top_k"\r\n\r\n2\r\n--b--\r\n'
    forms = [head + picture + field for picture in pictures]
    yield Parser("forward-form", forms, _read_forward(shapes, "multipart/form-data; boundary=b"), _REFUSED)
    files = {f"{number}.png": picture for number, picture in enumerate(pictures[:3])}
    labels = "".join(f"{name},{'abcd'[number]}\n" for number, name in enumerate(files)).encode()
    zips = [to_zip({"labels.csv": labels, **files}), to_zip({**files, "labels.csv": labels, "a/.hidden": b""}, 0)]
    words = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"labels.csv", b"\x01\x00\x10\x00")
    for with_labels in (True, False):
        name = "evaluate-zip" if with_labels else "forward-batch-zip"
        yield Parser(name, zips, _read_file(shapes, with_labels=with_labels), _REFUSED, None, words)


def _prices(folder: Path) -> Any:
    fields = {
        "task": "regression",
        "feature_names": ("area", "district"),
        "categories": {"district": ("harbour", "station")},
    }
    return write_foreign_bundle(folder / "bundles", make_price_list(), "prices", **fields)


def _shapes(folder: Path) -> Any:
    answer = AnswerOutputs(probabilities="logits", are_logits=True).model_dump()
    form = ImageForm(width=8, height=8, channels=3, scale=1, invert=True, layout="NCHW").model_dump()
    fields = {"task": "classification", "classes": ("a", "b", "c", "d"), "answer": answer, "image": form}
    return write_foreign_bundle(folder / "bundles", make_cnn(), "shapes", **fields)


def _read_rows(model: ServedModel, content_type: str) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        asked, _ = read_classify(content, {"content-type": content_type}, "r1", model, with_probabilities=False)
        model.check(asked)

    return read


def _read_forward(model: ServedModel, content_type: str) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        asked, _ = forward_exchange(content, {"content-type": content_type}, "r1", model, pixel_limit=_PIXELS)
        model.check(asked)

    return read


def _read_file(model: ServedModel, *, with_labels: bool) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        for piece in read_pieces(content, model, _LIMITS, with_labels=with_labels):
            asked = piece.read()
            model.check(asked)
            if with_labels:
                assert len(piece.labels) == model.rows_of(asked)
                assert set(piece.labels) <= set(model.manifest.classes)

    return read


def _read_picture(content: bytes) -> None:
    image = decode_image(content, pixel_limit=_PIXELS, background="white", needed=(8, 8))
    assert image.mode in {"L", "RGB"}
    assert image.width * image.height <= _PIXELS
    np.asarray(image)


_HEADER_WORDS = (
    *(b"content-length: ", b"x-request-timeout-ms: 1", b"inference-header-content-length: ", b"x-top-k: "),
    *(
        b"traceparent: 00-",
        b"tracestate: a=1",
        b"accept-encoding: gzip;q=0",
        b"content-encoding: GZIP",
        b"x-request-id: ",
    ),
    *(b"transfer-encoding: chunked", b" HTTP/1.1\r\n", b"POST ", b"\r\n\r\n", b"connection: close", b"\xc2\xb2"),
)


def _heads(model: ServedModel) -> Iterator[bytes]:
    name = model.identity.model
    for path in (f"/v2/models/{name}/infer", "/classify"):
        yield (
            f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 20\r\n"
            "x-request-id: r-1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
            "tracestate: a=1,b=2\r\naccept-encoding: gzip, deflate;q=0.5\r\ncontent-encoding: identity\r\n"
            "x-request-timeout-ms: 5000\r\nx-top-k: 3\r\ninference-header-content-length: 12\r\n"
        ).encode()


def _read_headers(content: bytes) -> None:
    """Every reader of a header's value, with whatever the header has."""
    fields = [line.partition(b":")[::2] for line in content.split(b"\r\n")]
    headers = Headers(raw=[(name.strip().lower(), value.strip()) for name, value in fields])
    chosen = choose_request_id(headers.get("x-request-id", ""))
    assert chosen.isascii()
    assert chosen.isprintable()
    packed, coding = compress(bytes(2000), headers.get("accept-encoding", ""))
    assert (len(packed) == 2000) == (coding is None)
    span = _TRACING.begin(headers)
    assert len(span.trace_parent) == 55
    given = headers.get(_TRACE_PARENT, "")
    assert span.trace_parent[:35] != given[:35] or len(given) >= 55
    read_json_size(headers.get("inference-header-content-length"))
    assert read_timeout(headers) > 0
    assert read_top_classes(headers.get("x-top-k")) > 0
    check_coding(headers.get("content-encoding", "identity"))


_TRACING = OtlpTracing("http://127.0.0.1:9/v1/traces", service="fuzz", version="0")


def _read_quick_head(model: ServedModel) -> Callable[[bytes], None]:
    name = model.identity.model
    doors = {b"/classify": Door("/classify", model)}
    doors[f"/v2/models/{name}/infer".encode()] = Door("/v2/models/{model}/infer", model)
    heads = Heads(doors.get, lambda headers: headers.get("authorization"), most_rows=8, client_header="x-client-id")

    def read(content: bytes) -> None:
        found = heads.read(content)
        assert found is None or found[1].length >= 0

    return read


def _quick_bodies(model: ServedModel) -> Iterator[bytes]:
    row = [1.0, 2.5, -3.0, 0.0]
    yield orjson.dumps({"row": row})
    yield orjson.dumps(row)
    tensor = {"name": model.manifest.inputs[0].name, "datatype": "FP32", "shape": [1, 4], "data": row}
    yield orjson.dumps({"id": "a", "inputs": [tensor]})
    yield orjson.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": 16}}]})


def _read_quick_body(model: ServedModel) -> Callable[[bytes], None]:
    infer = f"/v2/models/{model.identity.model}/infer"
    ways = [("/classify", None), (infer, None), (infer, 100), ("/classify", 7)]

    def read(content: bytes) -> None:
        for route, json_size in ways:
            bodies = Bodies(route, model, {"content-type": "application/json"}, json_size=json_size, most_rows=8)
            for begin in (0, 3):
                found = bodies.read(content, begin)
                assert found is None or found.form.rows > 0

    return read
