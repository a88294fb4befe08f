import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from access.key_file import create_key, revoke_keys
from access.scopes import Scope
from console.http.door_scopes import DOOR_SCOPES
from documentation.reference.doors import console_app
from tests.console.console_process import ConsoleProcess, wait_for
from tests.promotion.evidence.predictors import find_free_port


@dataclass(frozen=True)
class Guarded:
    """A console that asks for keys, one key of each scope, and `both`, which reads and deploys."""

    url: str
    path: Path
    keys: Mapping[str, str]

    def client(self, scope: str = "", **headers: str) -> httpx.Client:
        given = {"authorization": f"Bearer {self.keys[scope]}"} if scope else {}
        return httpx.Client(base_url=self.url, headers={**given, **headers}, trust_env=False, timeout=60)

    @contextmanager
    def signed_in(self, key: str) -> Iterator[tuple[httpx.Client, httpx.Response]]:
        """As a browser does; and what it was answered."""
        with self.client(origin=self.url) as client:
            yield client, client.post("/sign-in", data={"key": key})


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    now = datetime.now(UTC)
    keys = {str(scope): create_key(folder / "keys.json", str(scope), [scope], now=now)[1] for scope in Scope}
    keys["both"] = create_key(folder / "keys.json", "both", [Scope.READ, Scope.DEPLOY], now=now)[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CONSOLE_KEYS_FILE", str(folder / "keys.json"))
        with ConsoleProcess(folder / "state", find_free_port()) as console:
            yield Guarded(console.url, folder / "keys.json", keys)


def test_every_door_has_a_scope_and_every_scope_a_door(tmp_path: Path) -> None:
    app = console_app(tmp_path)
    described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    described = {(method, path.replace("/files/{path}", "/files/{path:path}")) for method, path in described}
    by_digest = {("GET", "/bundles/{digest}"), ("PUT", "/bundles/{digest}")}
    by_digest |= {(method, path.replace("bundles", "holdouts")) for method, path in by_digest}
    pages = {("GET", "/docs"), ("GET", "/docs/oauth2-redirect"), ("GET", "/openapi.json")}
    pages |= {("GET", "/static-offline-docs/{path:path}"), ("GET", "/"), ("GET", "/page")}
    pages |= {("GET", "/page/{path:path}"), ("POST", "/page/{path:path}")}
    pages |= {("GET", "/sign-in"), ("POST", "/sign-in"), ("POST", "/sign-out")}
    own = {(method, path): scope for method, path, scope in DOOR_SCOPES.doors()}
    assert own.keys() == described | by_digest | pages
    assert {door for door, scope in own.items() if scope is None} == {
        *(("GET", path) for path in ("/health", "/metrics", "/", "/page", "/sign-in")),
        *(("POST", path) for path in ("/sign-in", "/sign-out")),
    }
    for (method, path), scope in own.items():
        assert DOOR_SCOPES.find(method, re.sub(r"\{.*?\}", "1", path)) == scope, path


def test_what_each_key_opens_is_what_the_table_says(guarded: Guarded) -> None:
    for method, path, needed in DOOR_SCOPES.doors():
        url = re.sub(r"\{.*?\}", "1", path)
        for scope in ("", *Scope):
            if needed is None or (scope in {needed, Scope.ADMIN} and method != "GET"):
                continue  # what is let in does something: the story has it
            with guarded.client(scope, **{"sec-fetch-dest": "empty"}) as client:
                answer = client.request(method, url)
            if scope in {needed, Scope.ADMIN}:
                assert answer.status_code not in {401, 403}, (method, path, scope, answer.text)
            else:
                assert answer.status_code == (403 if scope else 401), (method, path, scope)
                assert "www-authenticate" in answer.headers
                assert set(answer.json()) == {"error"}
    with guarded.client() as client:
        assert client.get("/health").status_code == 200
        assert client.get("/metrics").status_code == 200


def test_who_signs_in_gets_a_cookie_that_no_script_reads_and_no_other_site_sends(guarded: Guarded) -> None:
    with guarded.client() as client:
        sent_away = client.get("/page/experiments?compare=1")
        assert (sent_away.status_code, sent_away.headers["location"]) == (
            303,
            "/sign-in?next=/page/experiments%3Fcompare%3D1",
        )
    with guarded.signed_in(guarded.keys["read"]) as (client, answer):
        cookie = answer.headers["set-cookie"]
        assert re.fullmatch(r"assay-session=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=strict", cookie), (
            cookie
        )
        assert guarded.keys["read"] not in cookie
        assert client.get("/page/").status_code == 200
        assert client.get("/experiments").status_code == 200
        assert client.put("/retrain", json={}).status_code == 403
        assert client.post("/sign-out").headers["location"] == "/sign-in"
        client.cookies.set("assay-session", cookie.split("=")[1].split(";")[0])
        assert client.get("/experiments").status_code == 401


@pytest.mark.parametrize("wanted", ["https://elsewhere.example", "//elsewhere.example", "/page/\\\\x", "/deploy/1", ""])
def test_signing_in_leads_nowhere_but_to_the_page(guarded: Guarded, wanted: str) -> None:
    with guarded.client(origin=guarded.url) as client:
        answer = client.post("/sign-in", data={"key": guarded.keys["read"], "next": wanted})
    assert (answer.status_code, answer.headers["location"]) == (303, "/page/")


def test_a_wrong_key_begins_no_session_and_is_not_shown(guarded: Guarded) -> None:
    key = "<script>alert(1)</script>"
    with guarded.signed_in(key) as (client, answer):
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert "<script" not in answer.text
        assert client.get("/experiments").status_code == 401


def test_a_change_in_the_name_of_a_cookie_has_to_come_from_a_page_of_ours(guarded: Guarded) -> None:
    with guarded.signed_in(guarded.keys["both"]) as (client, _):
        assert client.post("/rollouts/7/abort").status_code == 404
        for origin in ("http://elsewhere.example", "null", guarded.url.replace("127.0.0.1", "localhost")):
            assert client.post("/rollouts/7/abort", headers={"origin": origin}).status_code == 403
            assert client.post("/sign-in", headers={"origin": origin}, data={"key": "x"}).status_code == 403
        del client.headers["origin"]
        assert client.post("/rollouts/7/abort").status_code == 401
        assert client.post("/rollouts/7/abort", headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_a_session_ends_within_a_second_of_its_key(guarded: Guarded) -> None:
    stored, key = create_key(guarded.path, "ann", [Scope.READ], now=datetime.now(UTC))
    with guarded.client() as client:
        headers = {"authorization": f"Bearer {key}"}
        wait_for(lambda: client.get("/data", headers=headers).status_code == 200, 2)
    with guarded.signed_in(key) as (client, _):
        assert client.get("/data").status_code == 200
        revoke_keys(guarded.path, stored.id, at=datetime.now(UTC), now=datetime.now(UTC))
        wait_for(lambda: client.get("/data").status_code == 401, 1.2)


def test_no_cache_on_the_way_keeps_what_was_answered_to_a_key(guarded: Guarded) -> None:
    with guarded.client("read") as client:
        assert client.get("/data").headers["cache-control"] == "no-store"
    with guarded.signed_in(guarded.keys["read"]) as (client, _):
        page = client.get("/page/").text
        script = re.search(r'src="(/page/_nicegui/[^"]+\.js)"', page)
        assert script
        assert "private" in client.get(script[1]).headers["cache-control"]
        assert "public" not in client.get(script[1]).headers["cache-control"]


def test_what_is_done_is_done_in_the_name_of_the_key(guarded: Guarded) -> None:
    with guarded.client("deploy", **{"x-assay-by": "somebody else"}) as client:
        csv = "label," + ",".join(f"pixel{number}" for number in range(64)) + "\n1" + ",7" * 64 + "\n"
        added = client.put("/add_data?name=one.csv", content=csv)
        assert added.status_code == 201, added.text
        assert added.json()["part"]["by"] == "deploy"


@pytest.mark.parametrize("path", ["..%2f..%2fkeys.json", "%2fetc%2fpasswd", "a/../../../keys.json", "..\\keys.json"])
def test_no_path_of_an_experiments_file_leads_out_of_it(guarded: Guarded, path: str) -> None:
    with guarded.client("read") as client:
        answer = client.get(f"/experiments/1/files/{path}")
    assert answer.status_code in {400, 403, 404}, answer.text
    assert "sha256" not in answer.text
