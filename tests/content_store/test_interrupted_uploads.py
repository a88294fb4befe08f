"""Uploads that do not come to their end: nothing of them is ever seen, and nothing of them stays."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from bundle import Bundle
from tests.content_store.conftest import StartStore
from tests.content_store.samples import files_of, make_bundle, tar_of
from tests.content_store.store_process import StoreProcess, wait_for


@contextmanager
def half_an_upload(store: StoreProcess, bundle: Bundle) -> Iterator[tuple[socket.socket, bytes]]:
    """An upload whose first half has arrived; the connection, and the other half."""
    content = tar_of(files_of(bundle))
    drafts = len(store.drafts())
    with store.connect() as connection:
        head = f"PUT /bundles/{bundle.digest} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content[: len(content) // 2])
        wait_for(lambda: len(store.drafts()) == drafts + 1, store.is_running)
        yield connection, content[len(content) // 2 :]


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def assert_that_it_works(store: StoreProcess, bundle: Bundle) -> None:
    with store.client() as client:
        assert client.get("/bundles").json() == {"digests": []}
        assert client.head(f"/bundles/{bundle.digest}").status_code == 404
        assert client.put(f"/bundles/{bundle.digest}", content=tar_of(files_of(bundle))).status_code == 201
    assert store.drafts() == []


def test_a_client_that_goes_away_leaves_nothing(start_store: StartStore, bundle: Bundle) -> None:
    store = start_store()
    with half_an_upload(store, bundle):
        pass
    wait_for(lambda: not store.drafts(), store.is_running)
    assert_that_it_works(store, bundle)
    assert "Traceback" not in store.said()


def test_a_client_that_stands_still_is_sent_away(start_store: StartStore, bundle: Bundle) -> None:
    store = start_store(None, "--idle-seconds", 0.2)
    with half_an_upload(store, bundle) as (connection, _):
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'{"error":"nothing came for 0.2 s"}' in answer
    assert_that_it_works(store, bundle)


def test_a_store_that_is_killed_in_the_middle_shows_nothing_of_it(start_store: StartStore, bundle: Bundle) -> None:
    store = start_store()
    with half_an_upload(store, bundle):
        store.stop(signal.SIGKILL)
    assert len(store.drafts()) == 1
    assert list((store.directory / "bundles").iterdir()) == []
    again = start_store()
    assert again.drafts() == []
    assert_that_it_works(again, bundle)


def test_a_second_store_in_the_same_directory_leaves_the_uploads_of_the_first(
    start_store: StartStore, bundle: Bundle
) -> None:
    first = start_store()
    with half_an_upload(first, bundle) as (connection, rest):
        second = start_store()
        connection.sendall(rest)
        assert connection.recv(100).startswith(b"HTTP/1.1 201 ")
    with second.client() as client:
        assert client.get("/bundles").json() == {"digests": [bundle.digest]}


def test_what_is_in_flight_is_finished_after_sigterm(start_store: StartStore, bundle: Bundle) -> None:
    store = start_store()
    with half_an_upload(store, bundle) as (connection, rest):
        store.process.send_signal(signal.SIGTERM)
        wait_for(lambda: is_closed(store))
        connection.sendall(rest)
        assert read_all(connection).startswith(b"HTTP/1.1 201 ")
    assert store.process.wait(10) == 0
    assert store.said().endswith("assay: the store has stopped\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_never_ends_is_cut_off(start_store: StartStore, bundle: Bundle, number: int) -> None:
    store = start_store(None, "--finish-seconds", 1)
    with half_an_upload(store, bundle):
        assert store.stop(number) == 0
    assert_that_it_works(start_store(), bundle)


def test_a_fifth_upload_at_the_same_time_is_asked_to_come_again(start_store: StartStore, tmp_path: Path) -> None:
    store = start_store()
    bundles = [make_bundle(tmp_path, version=version) for version in range(1, 6)]
    with store.client() as client:
        with ExitStack() as stack:
            for bundle in bundles[:4]:
                stack.enter_context(half_an_upload(store, bundle))
            answer = client.put(f"/bundles/{bundles[4].digest}", content=tar_of(files_of(bundles[4])))
            assert (answer.status_code, answer.json()) == (503, {"error": "4 uploads are under way; try again soon"})
            assert client.get("/health/live").status_code == 200
        wait_for(lambda: not store.drafts(), store.is_running)
        assert client.put(f"/bundles/{bundles[4].digest}", content=tar_of(files_of(bundles[4]))).status_code == 201


def test_a_file_that_the_system_does_not_take_is_507(start_store: StartStore, tmp_path: Path) -> None:
    store = start_store(file_limit_bytes=200_000)
    large, small = make_bundle(tmp_path, size_bytes=900_000), make_bundle(tmp_path, version=2)
    with store.client() as client:
        answer = client.put(f"/bundles/{large.digest}", content=tar_of(files_of(large)))
    assert answer.status_code == 507
    assert answer.json()["error"].endswith("drafts: no space is left on the disk")
    assert store.drafts() == []
    assert_that_it_works(store, small)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False
    )
    if mounting.returncode:
        pytest.skip("only root mounts a file system, and not in every container")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_is_507_and_what_is_there_is_still_given(
    start_store: StartStore, small_disk: Path, tmp_path: Path
) -> None:
    store = start_store(small_disk / "store")
    first, large = make_bundle(tmp_path), make_bundle(tmp_path, size_bytes=2_000_000, version=2)
    with store.client() as client, ThreadPoolExecutor(3) as pool:
        assert client.put(f"/bundles/{first.digest}", content=tar_of(files_of(first))).status_code == 201
        content = tar_of(files_of(large))
        for put in [pool.submit(client.put, f"/bundles/{large.digest}", content=content) for _ in range(3)]:
            assert put.result().status_code == 507
            assert put.result().json()["error"].endswith("drafts: no space is left on the disk")
        assert client.get("/bundles").json() == {"digests": [first.digest]}
        assert client.get(f"/bundles/{first.digest}").status_code == 200
        assert client.get("/health/ready").status_code == 200
        assert store.drafts() == []
        other = make_bundle(tmp_path, version=3)
        assert client.put(f"/bundles/{other.digest}", content=tar_of(files_of(other))).status_code == 201


def is_closed(store: StoreProcess) -> bool:
    try:
        store.connect().close()
    except OSError:
        return True
    return False
