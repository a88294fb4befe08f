import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import httpx
import pytest

from bundle import Bundle
from tests.assay.program import assay
from tests.certificates import Authority, Signed
from tests.predictor.conftest import StartServer
from tests.predictor.grpc_calls import InferenceStub
from tests.predictor.server_process import ServerProcess

CLASSIFY = {"row": [1.0, 0.5, 0.5, 0.5]}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=[False, True], ids=["TLS", "mTLS"])
def server(
    request: pytest.FixtureRequest, steady: Bundle, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    own = authority.sign("server")
    settings = {"tls_certificate": own.certificate, "tls_key": own.key, "grpc_port": 0}
    settings |= {"tls_client_ca": authority.path} if request.param else {}
    with ServerProcess(steady.path, tmp_path_factory.mktemp("tls") / "log", **settings) as process:
        yield process.wait_until_ready()


@pytest.fixture
def has_clients_sign(request: pytest.FixtureRequest) -> bool:
    """Whether the server wants a certificate of clients."""
    return "mTLS" in request.node.name


def context(authority: Authority, own: Signed | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=authority.path)
    if own:
        made.load_cert_chain(own.certificate, own.key)
    return made


@contextmanager
def stub(server: ServerProcess, authority: Authority, own: Signed | None = None) -> Iterator[InferenceStub]:
    key, certificate = (own.key.read_bytes(), own.certificate.read_bytes()) if own else (None, None)
    given = grpc.ssl_channel_credentials(authority.path.read_bytes(), key, certificate)
    with grpc.secure_channel(server.grpc, given) as channel:
        yield InferenceStub(channel)


def test_inference_over_both_transports(server: ServerProcess, authority: Authority) -> None:
    own = authority.sign("client")
    assert server.url.startswith("https://")
    with httpx.Client(base_url=server.url, verify=context(authority, own), trust_env=False) as client:
        for _ in range(5):
            answer = client.post("/classify", json=CLASSIFY)
            assert answer.status_code == 200
        assert client.get("/metadata").headers["strict-transport-security"] == "max-age=31536000"
    with stub(server, authority, own) as asked:
        assert asked("ServerReady").ready


def test_who_shows_no_certificate_of_the_authority_s_is_let_in_only_where_none_is_wanted(
    server: ServerProcess, authority: Authority, tmp_path: Path, has_clients_sign: bool
) -> None:
    stranger = Authority(tmp_path / "stranger", "stranger").sign("client")
    for own in (None, stranger):
        with httpx.Client(base_url=server.url, verify=context(authority, own), trust_env=False) as client:
            if has_clients_sign:
                with pytest.raises(httpx.TransportError):
                    client.get("/v2/health/live")
            else:
                assert client.get("/v2/health/live").status_code == 200
        with stub(server, authority, own) as asked:
            if has_clients_sign:
                with pytest.raises(grpc.RpcError):
                    asked("ServerReady", timeout=5)
            else:
                assert asked("ServerReady").ready


def test_nobody_is_answered_in_the_clear_or_by_an_old_protocol(server: ServerProcess) -> None:
    plain = server.url.replace("https:", "http:")
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{plain}/v2/health/live", trust_env=False)
    old = ssl.create_default_context()
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    address = urlsplit(server.url)
    with (
        socket.create_connection((address.hostname or "", address.port or 0)) as connection,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        old.wrap_socket(connection)


def test_a_gate_shows_its_certificate_over_both_transports(server: ServerProcess, authority: Authority) -> None:
    own = authority.sign("gate")
    shown = {
        "ASSAY_CA_FILE": str(authority.path),
        "ASSAY_CLIENT_CERTIFICATE": str(own.certificate),
        "ASSAY_CLIENT_KEY": str(own.key),
    }
    for url in (server.url, f"grpcs://{server.grpc}"):
        done = assay("gate", "--stable", url, "--canary", url, "--holdout", "digits:holdout", environment=shown)
        assert "expected" in done.stderr, done.stderr  # it was answered: that model takes other rows than the holdout's
        assert "certificate" not in done.stderr.lower(), done.stderr
        nothing = assay("gate", "--stable", url, "--canary", url, "--holdout", "digits:holdout")
        assert nothing.code == 12
        assert "no answer" in nothing.stderr or "certificate" in nothing.stderr.lower(), nothing.stderr


def test_a_certificate_that_was_replaced_is_shown_to_the_next_who_connects(
    steady: Bundle, start_server: StartServer, tmp_path: Path
) -> None:
    old, new = Authority(tmp_path / "old", "old"), Authority(tmp_path / "new", "new")
    served, renewed = old.sign("server"), new.sign("server")
    settings = {"tls_certificate": served.certificate, "tls_key": served.key, "grpc_port": 0}
    server = start_server(steady.path, **settings).wait_until_ready()
    with httpx.Client(base_url=server.url, verify=context(old), trust_env=False) as connected:
        assert connected.get("/v2/health/live").status_code == 200
        served.certificate.write_bytes(renewed.certificate.read_bytes())  # half of it is there
        time.sleep(1.2)
        assert _is_live(server, old)
        served.key.write_bytes(renewed.key.read_bytes())
        deadline = time.monotonic() + 5
        while not _is_live(server, new):
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.1)
        assert not _is_live(server, old)
        assert connected.get("/v2/health/live").status_code == 200
    with stub(server, new) as asked:
        assert asked("ServerReady").ready
    assert "the one before stays in force" in server.log.read_text()


@pytest.mark.parametrize("wrong", ["missing", "other", "alone"])
def test_what_is_no_certificate_with_its_key_is_said_at_the_start(
    steady: Bundle, start_server: StartServer, authority: Authority, tmp_path: Path, wrong: str
) -> None:
    one, other = authority.sign("one"), authority.sign("other")
    settings: dict[str, object] = {"tls_certificate": one.certificate, "tls_key": other.key}
    if wrong == "missing":
        settings["tls_key"] = tmp_path / "none"
    if wrong == "alone":
        del settings["tls_key"]
    server = start_server(steady.path, **settings)
    assert server.process.wait(60) == 1
    said = server.log.read_text()
    assert {"missing": "cannot be read", "other": "no certificate with its key", "alone": "only a part is set"}[
        wrong
    ] in said
    assert other.key.read_text().splitlines()[1] not in said


def _is_live(server: ServerProcess, authority: Authority) -> bool:
    try:
        return httpx.get(f"{server.url}/v2/health/live", verify=context(authority), trust_env=False).is_success
    except httpx.TransportError:
        return False
