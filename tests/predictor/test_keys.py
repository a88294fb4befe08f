import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from access.key_file import create_key, revoke_keys
from access.keyring import LOOK_SECONDS
from access.scopes import Scope
from bundle import Bundle
from documentation.reference.doors import predictor_app
from open_inference.grpc_messages.generated import open_inference_pb2 as messages
from predictor.grpc.method_scopes import METHOD_SCOPES
from predictor.http.door_scopes import DOOR_SCOPES
from predictor.settings import PredictorSettings
from predictor.wiring import (
    create_data_plane,
    create_doorkeeper,
    create_fast_doors,
    create_metrics,
    create_repository,
    create_source,
)
from tests.predictor.conftest import StartServer
from tests.predictor.grpc_calls import InferenceStub, inference_stub
from tests.predictor.server_process import ServerProcess
from tests.predictor.test_about_doors import count

CLASSIFY = {"row": [1.0, 0.5, 0.5, 0.5]}


@dataclass(frozen=True)
class Guarded:
    """A predictor that asks for keys, and one key of each scope."""

    server: ServerProcess
    path: Path
    keys: Mapping[str, str]

    def client(self, scope: str = "", **headers: str) -> httpx.Client:
        client = self.server.client()
        client.headers.update(bearer(self.keys[scope]) if scope else {})
        client.headers.update(headers)
        return client


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def new_key(path: Path, *scopes: Scope, lives: float | None = None) -> tuple[str, str]:
    """Its id, and the key."""
    expires_at = datetime.now(UTC) + timedelta(seconds=lives) if lives else None
    stored, key = create_key(
        path, "+".join(scopes).replace("+", "-"), scopes, now=datetime.now(UTC), expires_at=expires_at
    )
    return stored.id, key


@pytest.fixture(scope="module")
def guarded(steady: Bundle, fast_path: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    keys = {str(scope): new_key(folder / "keys.json", scope)[1] for scope in Scope}
    settings = {"keys_file": folder / "keys.json", "grpc_port": 0, "fast_path": fast_path, "model_control": False}
    with ServerProcess(steady.path, folder / "log", **settings) as process:
        yield Guarded(process.wait_until_ready(), folder / "keys.json", keys)


def test_every_door_has_a_scope_and_every_scope_a_door(tmp_path: Path) -> None:
    app = predictor_app(tmp_path)
    described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    hidden = {
        ("GET", "/docs"),
        ("GET", "/docs/oauth2-redirect"),
        ("GET", "/openapi.json"),
        ("GET", "/static-offline-docs/{path:path}"),
    }
    assert {(method, path) for method, path, _ in DOOR_SCOPES.doors()} == described | hidden
    assert {path for path in (getattr(route, "path", None) for route in app.routes) if path} == {
        path.removesuffix("/{path:path}") for _, path in hidden
    }
    own = {(method, path): scope for method, path, scope in DOOR_SCOPES.doors()}
    for (method, path), scope in own.items():
        assert DOOR_SCOPES.find(method, path.replace("{model}", "a").replace("{version}", "1")) == scope, path
    assert DOOR_SCOPES.find("GET", "/no/such/path") is Scope.ADMIN
    assert DOOR_SCOPES.find("DELETE", "/metrics") is Scope.ADMIN
    assert DOOR_SCOPES.find("GET", "/v2/health/live/") is Scope.ADMIN


def test_every_method_has_a_scope() -> None:
    service = messages.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    assert set(METHOD_SCOPES) == set(service.methods_by_name)


def test_what_each_key_opens_is_what_the_table_says(guarded: Guarded) -> None:
    for method, path, needed in DOOR_SCOPES.doors():
        url = path.replace("{model}", "contrary").replace("{version}", "1").replace("{path:path}", "x")
        for scope in ("", *Scope):
            with guarded.client(scope) as client:
                answer = client.request(method, url, content=b"{}" if method == "POST" else None)
            if needed is None or scope in {needed, Scope.ADMIN}:
                assert answer.status_code not in {401, 403} or "ASSAY_MODEL_CONTROL" in answer.text, (
                    method,
                    path,
                    scope,
                )
            elif scope:
                assert answer.status_code == 403, (method, path, scope)
                assert answer.json() == {
                    "error": f"the key {scope} does not allow it; expected one with the scope {needed}"
                }
                assert f'error="insufficient_scope", scope="{needed}"' in answer.headers["www-authenticate"]
            else:
                assert answer.status_code == 401, (method, path)
                assert answer.headers["www-authenticate"] == 'Bearer realm="assay"'
                assert answer.headers["x-request-id"]
                assert "a key is needed" in answer.json()["error"]


@pytest.mark.parametrize(
    "given",
    ["Bearer", "Bearer x", "Basic {key}", "{key}", "Bearer {key}0", "Bearer {key} {key}", "Bearer {changed}"],
)
def test_what_is_no_key_is_turned_away_at_the_doors_of_inference(guarded: Guarded, given: str) -> None:
    key = guarded.keys["infer"]
    changed = key[:-1] + ("0" if key[-1] != "0" else "1")
    with guarded.client(authorization=given.format(key=key, changed=changed)) as client:
        answers = [client.post("/classify", json=CLASSIFY) for _ in range(4)]  # more than a head takes to be known
    assert {answer.status_code for answer in answers} == {401}
    assert not [answer for answer in answers if key in answer.text]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_good_key_infers_by_whichever_path(guarded: Guarded, scheme: str) -> None:
    with guarded.client(authorization=f"{scheme} {guarded.keys['infer']}") as client:
        for _ in range(5):
            assert client.post("/classify", json=CLASSIFY).status_code == 200


def test_a_head_that_is_known_stops_within_a_second_of_its_key(guarded: Guarded) -> None:
    key_id, key = new_key(guarded.path, Scope.INFER)
    _, expiring = new_key(guarded.path, Scope.INFER, lives=3)
    with guarded.client(**bearer(key)) as client, guarded.client(**bearer(expiring)) as other:
        for one in (client, other):
            _wait_for(one, 200)
            assert [one.post("/classify", json=CLASSIFY).status_code for _ in range(5)] == [200] * 5
        revoke_keys(guarded.path, key_id, at=datetime.now(UTC), now=datetime.now(UTC))
        assert _wait_for(client, 401) < 1
        assert _wait_for(other, 401) < 3.5
        assert {client.post("/classify", json=CLASSIFY).status_code for _ in range(3)} == {401}


def test_a_head_with_its_key_is_known_by_its_bytes_and_forgotten_with_its_key(steady: Bundle, tmp_path: Path) -> None:
    key_id, key = new_key(tmp_path / "keys.json", Scope.INFER)
    settings = PredictorSettings(keys_file=tmp_path / "keys.json", quick_seconds=1)
    metrics = create_metrics()
    repository = create_repository(create_source(settings, steady.path), settings, metrics)
    repository.start(is_everything=True).result()
    plane = create_data_plane(repository, settings, metrics)
    doors = create_fast_doors(settings, plane, create_doorkeeper(settings))

    def is_known(given: str) -> bool:
        head = f"POST /classify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {given}\r\ncontent-length: 9\r\n"
        return [doors.enter_quick(head.encode(), "127.0.0.1") for _ in range(5)][-1] is not None

    assert is_known(key)
    assert not is_known(key[:-1] + "x")
    revoke_keys(tmp_path / "keys.json", key_id, at=datetime.now(UTC), now=datetime.now(UTC))
    time.sleep(LOOK_SECONDS)
    assert not is_known(key)


def test_one_key_may_ask_so_often_and_no_oftener_and_another_one_beside_it(
    steady: Bundle, fast_path: bool, tmp_path: Path, start_server: StartServer
) -> None:
    (_, key), (_, other) = (new_key(tmp_path / "keys.json", Scope.INFER) for _ in range(2))
    settings = {"keys_file": tmp_path / "keys.json", "rate_limit": 5, "grpc_port": 0, "fast_path": fast_path}
    server = start_server(steady.path, **settings).wait_until_ready()
    with server.client() as client, inference_stub(server.grpc) as stub:
        codes = []
        began = time.monotonic()
        for _ in range(40):
            answer = client.post("/classify", json=CLASSIFY, headers=bearer(key))
            codes.append(answer.status_code)
        most = 5 + 5 * (time.monotonic() - began) + 1
        assert set(codes) == {200, 429}
        assert 5 <= codes.count(200) <= most, codes
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "1"
        assert answer.json() == {"error": "too many requests of one caller; the next one is taken in 1 s"}
        assert _call(stub, "ModelInfer", key)[0] == "RESOURCE_EXHAUSTED"
        assert client.post("/classify", json=CLASSIFY, headers=bearer(other)).status_code == 200
        assert {client.get("/v2/health/ready").status_code for _ in range(20)} == {200}
        time.sleep(1)
        assert client.post("/classify", json=CLASSIFY, headers=bearer(key)).status_code == 200


def test_without_keys_one_address_may_ask_so_often(steady: Bundle, start_server: StartServer) -> None:
    server = start_server(steady.path, rate_limit=1, grpc_port=0).wait_until_ready()
    with server.client() as client, inference_stub(server.grpc) as stub:
        assert [client.post("/classify", json=CLASSIFY).status_code for _ in range(2)] == [200, 429]
        assert [_call(stub, "ServerMetadata", "")[0] for _ in range(2)] == ["OK", "RESOURCE_EXHAUSTED"]


def test_grpc_takes_the_key_as_metadata(guarded: Guarded) -> None:
    with inference_stub(guarded.server.grpc) as stub:
        for method, needed in METHOD_SCOPES.items():
            for scope in ("", *Scope):
                code, text = _call(stub, method, guarded.keys.get(scope, ""))
                if needed is None or scope in {needed, Scope.ADMIN}:
                    assert code not in {"UNAUTHENTICATED", "PERMISSION_DENIED"} or "ASSAY_MODEL_CONTROL" in text, method
                else:
                    assert code == ("PERMISSION_DENIED" if scope else "UNAUTHENTICATED"), (method, scope)
        assert _call(stub, "ModelInfer", guarded.keys["infer"] + "0")[0] == "UNAUTHENTICATED"
        with pytest.raises(grpc.RpcError, match="a key is needed"):
            list(ProtoReflectionDescriptorDatabase(stub.channel).get_services())


def test_the_description_says_that_a_key_is_needed(guarded: Guarded) -> None:
    with guarded.client("read") as client:
        document = client.get("/openapi.json").json()
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert document["components"]["schemas"]


def test_who_is_turned_away_is_counted_and_health_is_asked_without_a_key(guarded: Guarded) -> None:
    with guarded.client() as client:
        before = count(client, "assay_requests_total", code="401")
        client.get("/metadata")
        assert count(client, "assay_requests_total", code="401") == before + 1
        assert client.get("/v2/health/ready").status_code == 200


def test_other_machines_reach_no_predictor_without_keys_unless_that_is_said(
    steady: Bundle, start_server: StartServer, tmp_path: Path
) -> None:
    refused = start_server(steady.path, host="0.0.0.0")  # noqa: S104
    assert refused.process.wait(60) == 1
    assert "0.0.0.0 is reached by other machines, and no keys are set" in refused.log.read_text()
    several = start_server(steady.path, host="::", workers=2)
    assert several.process.wait(60) == 1
    missing = start_server(steady.path, keys_file=tmp_path / "missing.json")
    assert missing.process.wait(60) == 1
    assert "missing.json cannot be read: No such file or directory" in missing.log.read_text()
    new_key(tmp_path / "keys.json", Scope.INFER)
    start_server(steady.path, host="0.0.0.0", keys_file=tmp_path / "keys.json").wait_until_ready()  # noqa: S104
    start_server(steady.path, host="0.0.0.0", without_keys=True).wait_until_ready()  # noqa: S104


def test_the_header_with_the_key_is_never_recorded(steady: Bundle, start_server: StartServer) -> None:
    refused = start_server(steady.path, record_client_header="Authorization")
    assert refused.process.wait(60) == 1
    assert "ASSAY_RECORD_CLIENT_HEADER=Authorization" in refused.log.read_text()


def _wait_for(client: httpx.Client, code: int) -> float:
    """Seconds until /classify answers so."""
    began = time.monotonic()
    while client.post("/classify", json=CLASSIFY).status_code != code:
        assert time.monotonic() < began + 10, f"no {code}"
        time.sleep(0.01)
    return time.monotonic() - began


def _call(stub: InferenceStub, method: str, key: str) -> tuple[str, str]:
    metadata = tuple(bearer(key).items()) if key else ()
    try:
        stub(method, metadata=metadata)
    except grpc.RpcError as error:
        refusal: Any = error
        return refusal.code().name, refusal.details()
    return "OK", ""


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 404),
        ({"origin": "{url}"}, 404),
        ({"origin": "http://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"origin": "http://rebound.example", "host": "rebound.example"}, 403),
    ],
)
def test_no_page_of_another_site_changes_models(
    open_to_change: ServerProcess, headers: dict[str, str], code: int
) -> None:
    given = {name: value.format(url=open_to_change.url) for name, value in headers.items()}
    with open_to_change.client() as client:
        answer = client.post("/v2/repository/models/none/load", headers=given)
    assert answer.status_code == code, answer.text
    assert set(answer.json()) == {"error"}


@pytest.fixture(scope="module")
def open_to_change(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("models")
    with ServerProcess(None, folder.with_suffix(".log"), models_dir=folder, model_control=True) as process:
        yield process.wait_until_ready()


def test_every_worker_asks_for_the_key_and_hears_of_its_end(
    steady: Bundle, start_server: StartServer, tmp_path: Path
) -> None:
    key_id, key = new_key(tmp_path / "keys.json", Scope.INFER)
    server = start_server(steady.path, workers=2, keys_file=tmp_path / "keys.json").wait_until_ready()

    def ask(given: str) -> set[int]:
        codes = set()
        for _ in range(12):  # connections, which the kernel spreads
            with server.client() as client:
                codes.add(client.post("/classify", json=CLASSIFY, headers=bearer(given)).status_code)
        return codes

    assert ask(key) == {200}
    assert ask(f"{key}0") == {401}
    revoke_keys(tmp_path / "keys.json", key_id, at=datetime.now(UTC), now=datetime.now(UTC))
    time.sleep(1)
    assert ask(key) == {401}
