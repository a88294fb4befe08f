"""The server against what it says of itself, /openapi.json, and against the protocol; on both ways of a request."""

import re
from typing import Any

import httpx
import jsonschema_rs
import pytest

from bundle import Bundle
from predictor.http.request_scope import TIMEOUT_HEADER
from tests.conformance.described import hold, operations, send
from tests.conformance.test_openapi import DESCRIPTION
from tests.predictor.conftest import StartServer
from tests.predictor.server_process import ServerProcess

KNOWN = {"model": "digits", "version": "1"}


CHANGING = re.compile("/(load|unload|register)$")


def read_description(client: httpx.Client) -> Any:
    """/openapi.json; but no request has so little time that it is not answered."""
    description = client.get("/openapi.json").json()
    for path, method in operations(description):
        for parameter in description["paths"][path][method].get("parameters", []):
            if parameter["name"] == TIMEOUT_HEADER:
                parameter["schema"]["minimum"] = 60_000
    return description


@pytest.fixture
def description(client: httpx.Client) -> Any:
    return read_description(client)


def hold_all(server: ServerProcess, description: Any, requests: int) -> None:
    """All operations; last those that may change what is served."""
    for path, method in sorted(operations(description), key=lambda operation: bool(CHANGING.search(operation[0]))):
        hold(server.url, description, path, method, KNOWN, requests=requests)


@pytest.mark.slow
def test_every_answer_is_one_that_the_server_describes(
    digits: Bundle, fast_path: bool, start_server: StartServer
) -> None:
    server = start_server(digits.path, fast_path=fast_path).wait_until_ready()
    with server.client() as client:
        hold_all(server, read_description(client), 30)


@pytest.mark.slow
def test_every_answer_is_one_that_the_protocol_describes(
    digits: Bundle, fast_path: bool, start_server: StartServer
) -> None:
    hold_all(start_server(digits.path, fast_path=fast_path).wait_until_ready(), DESCRIPTION, 10)


def test_the_server_describes_every_path_of_the_protocol(client: httpx.Client, description: Any) -> None:
    described = set(operations(description))
    assert {path for path, _ in set(operations(DESCRIPTION)) - described if not CHANGING.search(path)} == set()


def test_every_example_has_the_form_described_and_its_answer_too(server: ServerProcess, description: Any) -> None:
    sent = 0
    for path, method in operations(description):
        if CHANGING.search(path):
            continue
        body = description["paths"][path][method].get("requestBody", {"content": {}})
        for content_type, form in body["content"].items():
            for example in form.get("examples", {}).values():
                jsonschema_rs.validate({**form["schema"], "components": description["components"]}, example["value"])
                answer = send(server.url, description, path, KNOWN, content_type, example["value"])
                assert answer.status_code == 200
                sent += 1
    assert sent > 5


def test_every_answer_has_the_headers_described(client: httpx.Client, description: Any) -> None:
    for response in (client.get("/v2"), client.get("/v2/models/x"), client.post("/classify", json=[])):
        assert description["components"]["headers"].keys() - {"retry-after"} <= response.headers.keys()
