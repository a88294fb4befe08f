"""What every answer of a console says to browsers, the cookie under TLS, and how often one caller may ask."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from access.doorkeeper import Doorkeeper
from access.key_file import create_key
from access.keyring import Keyring
from access.request_rates import RequestRates
from access.scopes import Scope
from console.http.body_limit import LIMIT_BYTES
from tests.console.conftest import WiredApp, wired_app


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A file of keys, and the one in it."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    return path, create_key(path, "ann", [Scope.READ], now=datetime.now(UTC))[1]


@pytest.fixture(scope="module")
def counting(
    key: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory, empty_tracking_database: Path
) -> TestClient:
    """Of a console that takes three requests a second of each key."""
    doorkeeper = Doorkeeper(Keyring(key[0], print), RequestRates(3))
    state = tmp_path_factory.mktemp("counting") / "console"
    return wired_app(state, empty_tracking_database, "false", doorkeeper=doorkeeper).client


def test_one_key_may_ask_so_often_and_health_as_often_as_it_likes(counting: TestClient, key: tuple[Path, str]) -> None:
    headers = {"authorization": f"Bearer {key[1]}"}
    answers = [counting.get("/data", headers=headers) for _ in range(20)]
    codes = [answer.status_code for answer in answers]
    assert codes[:3] == [200, 200, 200]
    assert set(codes) == {200, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["retry-after"] == "1"
    assert refused.json() == {"error": "too many requests of one caller; the next one is taken in 1 s"}
    assert {counting.get("/health").status_code for _ in range(10)} == {200}


def test_keys_are_not_tried_out_at_the_form_as_fast_as_somebody_likes(counting: TestClient) -> None:
    origin = {"origin": "http://127.0.0.1"}
    codes = [counting.post("/sign-in", data={"key": f"x{n}"}, headers=origin).status_code for n in range(10)]
    assert codes[:3] == [401, 401, 401]
    assert 429 in codes


@pytest.mark.parametrize("path", ["/health", "/data", "/no/such/path", "/bundles"])
def test_every_answer_keeps_browsers_from_taking_it_for_a_page(unchanged: WiredApp, path: str) -> None:
    headers = unchanged.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'")
    assert "strict-transport-security" not in headers


def test_under_tls_the_cookie_goes_over_tls_alone(
    key: tuple[Path, str], tmp_path: Path, empty_tracking_database: Path
) -> None:
    app = wired_app(
        tmp_path / "console", empty_tracking_database, "false", doorkeeper=Doorkeeper(Keyring(key[0], print))
    )
    with TestClient(app.client.app, base_url="https://127.0.0.1") as client:
        origin = {"origin": "https://127.0.0.1"}
        answer = client.post("/sign-in", data={"key": key[1]}, headers=origin, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["set-cookie"].endswith("; HttpOnly; Max-Age=43200; Path=/; SameSite=strict; Secure")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert client.get("/data").status_code == 200


def test_a_body_that_is_no_form_begins_nothing(key: tuple[Path, str], counting: TestClient) -> None:
    origin = {"origin": "http://127.0.0.1", "content-type": "application/x-www-form-urlencoded"}
    answer = counting.post("/sign-in", content=b"key=" + key[1].encode() + b"&x=" + b"y" * 10_000, headers=origin)
    assert answer.status_code in {401, 429}
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(("method", "path"), [("POST", "/feedback"), ("PUT", "/retrain"), ("POST", "/page/x")])
def test_no_body_that_is_read_into_memory_is_larger_than_there_is_room_for(
    unchanged: WiredApp, method: str, path: str
) -> None:
    stated = unchanged.client.request(method, path, content=b" " * (LIMIT_BYTES + 1))
    assert stated.status_code == 413
    assert stated.json() == {"error": f"{LIMIT_BYTES + 1} bytes; expected at most {LIMIT_BYTES}"}
    if path != "/page/x":  # which is not there, so that nobody reads it
        json = {"content-type": "application/json"}
        unstated = unchanged.client.request(method, path, content=iter([b" " * 2**20] * 9), headers=json)
        assert unstated.status_code == 413, unstated.text
    assert unchanged.client.request(method, path, content=b" " * 100).status_code in {400, 404, 422}
