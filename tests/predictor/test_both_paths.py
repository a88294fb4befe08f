"""Whatever a client sends, right or wrong, nobody can tell from the answer which way it took: differential testing."""

import gzip
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundle import Bundle
from open_inference import InferRequest, RequestedOutput, Tensor
from open_inference.binary_body import JSON_SIZE_HEADER
from tests.predictor.server_process import ServerProcess

FEATURES = 4
PASSING = frozenset({"date"})
OFTEN = 3  # until what surrounds the numbers is known
Answer = tuple[int, list[tuple[str, str]], bytes]

values = st.integers(-3, 300).map(float) | st.floats(-1e3, 1e3, width=32)
rows = st.lists(st.lists(values, min_size=FEATURES, max_size=FEATURES), min_size=1, max_size=4).map(
    lambda rows: [[float(index % 4), abs(row[1]) % 50, abs(row[2]) % 16, row[3]] for index, row in enumerate(rows)]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=5), parts, max_size=3),
    max_leaves=8,
)
outputs = st.lists(
    st.builds(
        RequestedOutput,
        st.sampled_from(["label", "probabilities", "other"]),
        st.sampled_from([{}, {"binary_data": True}, {"binary_data": 1}, {"classification": 2}, {"classification": 0}]),
    ),
    max_size=3,
).map(tuple)
infer_requests = st.builds(
    lambda rows, outputs, id_, parameters: InferRequest(
        (Tensor.of("features", np.array(rows, dtype=np.float32)),), outputs, id_, parameters
    ),
    rows,
    outputs,
    st.none() | st.text(max_size=5),
    st.sampled_from([{}, {"binary_data_output": True}, {"a": 1}]),
)


@dataclass(frozen=True)
class Sent:
    """A request, as hypothesis makes it up."""

    body: bytes
    headers: dict[str, str]


@st.composite
def broken(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> bytes:
    """A body with another value somewhere, without one, cut off, or with a byte changed."""
    content = draw(bodies)
    how = draw(st.sampled_from(["another value", "cut", "byte"]))
    place = draw(st.integers(0, len(content) - 1))
    if how == "cut":
        return content[:place]
    if how == "byte":
        return content[:place] + draw(st.binary(min_size=1, max_size=1)) + content[place + 1 :]
    found = orjson.loads(content)
    within = found
    while isinstance(within, dict | list) and within:
        keys = list(within) if isinstance(within, dict) else range(len(within))
        key = draw(st.sampled_from(list(keys)))
        if not isinstance(within[key], dict | list) or not within[key] or draw(st.booleans()):
            within[key] = draw(json_values)
            break
        within = within[key]
    return orjson.dumps(found)


@st.composite
def binary(draw: st.DrawFn) -> Sent:
    content, size = draw(infer_requests).to_binary()
    size += draw(st.sampled_from([0, 0, 0, 1, -1, 10_000]))
    return Sent(content, {JSON_SIZE_HEADER: str(size)})


infer_bodies = infer_requests.map(InferRequest.to_json)
classify_bodies = st.one_of(
    rows.map(orjson.dumps),
    rows.map(lambda rows: orjson.dumps({"rows": rows})),
    rows.map(lambda rows: orjson.dumps({"row": rows[0]})),
)
csv_bodies = rows.map(lambda rows: "".join(f"{','.join(map(str, row))}\n" for row in rows).encode())
all_bodies = st.one_of(
    infer_bodies,
    classify_bodies,
    csv_bodies,
    json_values.map(orjson.dumps),
    st.binary(max_size=20),
    st.integers(3000, 3010).map(lambda size: b" " * size),
)
plain_headers: st.SearchStrategy[dict[str, str]] = st.just({})
headers = st.fixed_dictionaries(
    {"x-request-id": st.sampled_from(["r-1", "r-2"])},
    optional={
        "content-type": st.sampled_from(["application/json", "", "TEXT/CSV; charset=utf-8"]),
        "accept-encoding": st.sampled_from(["gzip", "deflate, gzip;q=0", "identity"]),
        "x-request-timeout-ms": st.sampled_from(["60000"] * 4 + ["0", "x"]),
        "connection": st.sampled_from(["close", "keep-alive"]),
    },
)
rare_headers = st.fixed_dictionaries(
    {},
    optional={
        "content-encoding": st.sampled_from(["gzip", "br", "identity"]),
        JSON_SIZE_HEADER: st.sampled_from(["0", "7", "x", "-1"]),
    },
)
INFER, CLASSIFY = "/v2/models/contrary/infer", "/classify"
other_paths = st.sampled_from(
    [
        "/v2/models/contrary/versions/1/infer",
        "/v2/models/contrary/versions/2/infer",
        "/v2/models/other/infer",
        "/v2/models/contr%61ry/infer",
        "/v2/models/contrary/infer?a=b",
        "/classify?probabilities=true",
        "/classify?probabilities=perhaps",
        "/classify/",
    ]
)
asked = st.one_of(
    st.tuples(st.just(INFER), st.builds(Sent, infer_bodies | broken(infer_bodies), plain_headers) | binary()),
    st.tuples(st.just(CLASSIFY), st.builds(Sent, classify_bodies | broken(classify_bodies), plain_headers)),
    st.tuples(st.just(CLASSIFY), st.builds(Sent, csv_bodies, st.just({"content-type": "text/csv"}))),
    st.tuples(st.just(INFER) | st.just(CLASSIFY) | other_paths, st.builds(Sent, all_bodies, plain_headers) | binary()),
)


@pytest.fixture(scope="module")
def ways(steady: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, ...]]:
    """The model on the event loop, in threads, and behind the web framework."""
    folder = tmp_path_factory.mktemp("ways")
    limits = {"body_limit_bytes": 3000, "row_limit": 3, "revision": "r1"}
    ways: tuple[dict[str, object], ...] = ({"quick_seconds": 1}, {"quick_seconds": 0}, {"fast_path": False})
    with ExitStack() as stack:
        servers = [
            stack.enter_context(ServerProcess(steady.path, folder / str(index), **{**limits, **way}))
            for index, way in enumerate(ways)
        ]
        yield tuple(stack.enter_context(server.wait_until_ready().client()) for server in servers)


@pytest.mark.slow
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(["POST"] * 12 + ["GET", "PUT"]),
    asked=asked,
    usual=headers,
    rare=st.one_of(*[plain_headers] * 3, rare_headers),
    is_compressed=st.booleans(),
    is_chunked=st.sampled_from([False] * 5 + [True]),
)
def test_an_answer_does_not_depend_on_the_way(
    ways: tuple[httpx.Client, ...],
    method: str,
    asked: tuple[str, Sent],
    usual: dict[str, str],
    rare: dict[str, str],
    is_compressed: bool,
    is_chunked: bool,
) -> None:
    path, sent = asked
    headers = {**usual, **rare, **sent.headers}
    is_gzip = is_compressed and headers.get("content-encoding") == "gzip"
    body = gzip.compress(sent.body) if is_gzip else sent.body

    def ask(client: httpx.Client) -> Answer:
        content: Any = iter([body[:10], body[10:]]) if is_chunked else body
        with client.stream(method, path, content=content, headers=headers) as answer:
            said = sorted((name, value) for name, value in answer.headers.items() if name not in PASSING)
            return answer.status_code, said, b"".join(answer.iter_raw())

    quick, threads, plain = ways
    expected = ask(plain)
    assert [ask(quick) for _ in range(OFTEN)] == [expected] * OFTEN
    assert ask(threads) == expected
