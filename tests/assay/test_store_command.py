"""The store by its commands, as a person and an init container use them."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle import Bundle, read_bundle
from dataset import read_csv_table
from tests.assay.program import assay, command, free_ports, start_and_wait
from tests.content_store.samples import OTHER_DIGEST, files_of, make_bundle, tar_of
from tests.content_store.store_process import StoreProcess, wait_for


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "bundles")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreProcess]:
    with StoreProcess(tmp_path / "store", tmp_path / "store.log") as process:
        yield process


def test_a_bundle_and_a_holdout_are_pushed_and_fetched(store: StoreProcess, bundle: Bundle, tmp_path: Path) -> None:
    pushed = assay("store", "push", "--store", store.url, "--bundle", bundle.path)
    assert (pushed.code, pushed.stdout) == (0, f"{bundle.digest}\n")
    assert pushed.stderr == f"assay: bundle stored, and verified: {store.url}/bundles/{bundle.digest}\n"
    again = assay("store", "push", "--store", store.url, "--bundle", bundle.path, "--json").json()
    assert again == {
        "kind": "bundle",
        "digest": bundle.digest,
        "url": f"{store.url}/bundles/{bundle.digest}",
        "is_new": False,
    }
    to = tmp_path / "fetched"
    source = ["--from", store.url, "--kind", "bundle", "--digest", bundle.digest]
    fetched = assay("store", "fetch", *source, "--to", to)
    assert (fetched.code, fetched.stdout) == (0, f"{to}\n")
    assert read_bundle(to).digest == bundle.digest

    digest = assay("store", "push", "--store", store.url, "--holdout", "digits:holdout").stdout.strip()
    rows = tmp_path / "rows.csv"
    fetched = assay(
        "store", "fetch", "--from", f"{store.url}/holdouts/{digest}", "--digest", digest, "--to", rows, "--json"
    )
    assert fetched.json() == {"kind": "holdout", "digest": digest, "path": str(rows), "is_new": True}
    assert read_csv_table(rows).digest == digest
    assert f"assay: stored holdout {digest}" in store.said()


@pytest.mark.parametrize("name", ["run", "push", "fetch"])
def test_every_help_has_an_example(name: str) -> None:
    done = assay("store", name, "--help")
    assert done.code == 0
    assert f"Example: assay store {name} --" in done.stdout


def test_errors_are_one_line(store: StoreProcess, bundle: Bundle, tmp_path: Path) -> None:
    port = store.url.rpartition(":")[2]
    to = ["--digest", OTHER_DIGEST, "--to", tmp_path / "to", "--timeout-seconds", "0"]
    for arguments, reason in (
        (["run", "--directory", tmp_path / "other", "--port", port], f"port {port} of 127.0.0.1 cannot be taken: "),
        (["run", "--directory", bundle.path / "model.onnx", "--port", 0], "the disk refuses: Not a directory"),
        (
            ["run", "--directory", tmp_path, "--host", "203.0.113.1", "--port", 0],
            "cannot be taken: Cannot assign requested address",
        ),
        (["push", "--store", store.url, "--bundle", tmp_path / "none"], "no such bundle"),
        (["push", "--store", store.url, "--holdout", "none"], "no such file, nor a built-in data set"),
        (["push", "--store", "nowhere", "--bundle", bundle.path], "expected a URL such as"),
        (["fetch", "--from", store.url, "--kind", "bundle", *to], f"404: bundle {OTHER_DIGEST} is not in this store"),
        (["fetch", "--from", bundle.path.as_uri(), *to], f"what came is the bundle {bundle.digest}, not"),
        (["fetch", "--from", f"{store.url}/bundles/x", "--to", tmp_path / "to", "--digest", "x"], "is no digest"),
    ):
        done = assay("store", *arguments)
        assert (done.code, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
        assert done.stderr.startswith("assay: ")
        assert reason in done.stderr
    assert not (tmp_path / "to").exists()


def test_wrong_usage_ends_with_2(bundle: Bundle) -> None:
    push = ["store", "push", "--store", "http://127.0.0.1:1"]
    fetch = ["store", "fetch", "--from", "http://127.0.0.1:1", "--digest", OTHER_DIGEST, "--to", "x"]
    for arguments in (push, [*push, "--bundle", bundle.path, "--holdout", "x"], [*fetch, "--kind", "model"]):
        assert assay(*arguments).code == 2


def test_a_fetch_waits_for_a_store_that_is_not_up_yet(bundle: Bundle, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    url, to = f"http://127.0.0.1:{port}", tmp_path / "to"
    source = ["--from", url, "--kind", "bundle", "--digest", bundle.digest, "--to", to]
    with subprocess.Popen(command("store", "fetch", *source), stderr=subprocess.PIPE, text=True) as fetching:
        try:
            assert fetching.stderr is not None
            assert "Connection refused; trying again for 120 s" in fetching.stderr.readline()
            run = ["store", "run", "--directory", tmp_path / "store", "--port", port]
            program = start_and_wait(f"{url}/health/ready", tmp_path / "log", *run)
            try:
                assert "is not in this store; trying again for " in fetching.stderr.readline()
                assert assay("store", "push", "--store", url, "--bundle", bundle.path).code == 0
                assert fetching.wait(20) == 0
            finally:
                assert program.stop() == 0
        finally:
            fetching.kill()
    assert read_bundle(to).digest == bundle.digest


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_fetch_that_is_ended_in_the_middle_is_repeated(
    store: StoreProcess, bundle: Bundle, tmp_path: Path, number: signal.Signals, is_there: bool
) -> None:
    assay("store", "push", "--store", store.url, "--bundle", bundle.path)
    volume = tmp_path / "volume"
    volume.mkdir()
    to = volume if is_there else volume / "bundle"
    whole = tar_of(files_of(bundle))
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/bundles/x"
        arguments = ["--digest", bundle.digest, "--to", to]
        with subprocess.Popen(command("store", "fetch", "--from", url, *arguments), stderr=subprocess.PIPE) as fetching:
            try:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(
                        f"HTTP/1.1 200 OK\r\ncontent-length: {len(whole)}\r\n\r\n".encode() + whole[:3000]
                    )
                    wait_for(lambda: list(volume.glob(".arriving-*/content/model.onnx")))
                    fetching.send_signal(number)
                    assert fetching.wait(20) == (130 if number is signal.SIGINT else -number)
            finally:
                fetching.kill()
    left = [path.name for path in volume.iterdir() if not path.name.startswith(".arriving-")]
    assert left == []
    source = ["--from", store.url, "--kind", "bundle"]
    assert assay("store", "fetch", *source, *arguments).code == 0
    assert read_bundle(to).digest == bundle.digest
