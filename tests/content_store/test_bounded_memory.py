"""Large bundles in both directions: a process holds a chunk of what streams, and one bundle while it is verified."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bundle import Bundle
from content_store.bundle_tar import stream_bundle
from tests.content_store.conftest import StartStore
from tests.content_store.samples import make_bundle
from tests.content_store.store_process import DEADLINE_SECONDS, StoreProcess

MEGABYTE = 2**20
SIZE_BYTES = 100 * MEGABYTE
MARGIN_BYTES = 40 * MEGABYTE


def peak_bytes(store: StoreProcess) -> int:
    """The most memory that the store has held since the last call."""
    status = Path(f"/proc/{store.process.pid}/status").read_text()
    Path(f"/proc/{store.process.pid}/clear_refs").write_text("5")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def put(store: StoreProcess, bundle: Bundle) -> int:
    with store.client() as client:
        return client.put(f"/bundles/{bundle.digest}", content=stream_bundle(bundle.path).chunks).status_code


def get(store: StoreProcess, bundle: Bundle) -> int:
    url = f"{store.url}/bundles/{bundle.digest}"
    with httpx.stream("GET", url, timeout=DEADLINE_SECONDS, trust_env=False) as answer:
        return sum(len(chunk) for chunk in answer.iter_raw())


@pytest.mark.slow
def test_a_store_holds_one_bundle_while_it_verifies_and_none_while_it_gives(
    start_store: StartStore, tmp_path: Path
) -> None:
    store = start_store()
    bundles = [make_bundle(tmp_path, size_bytes=SIZE_BYTES, version=version) for version in (1, 2, 3)]
    with store.client() as client, ThreadPoolExecutor(3) as pool:
        assert client.get("/metrics").status_code == 200
        idle = peak_bytes(store)
        assert list(pool.map(put, [store] * 3, bundles)) == [201] * 3
        assert peak_bytes(store) < idle + SIZE_BYTES + MARGIN_BYTES
        peak_bytes(store)
        before = store.memory_bytes()
        assert all(size > SIZE_BYTES for size in pool.map(get, [store] * 3, bundles))
        assert peak_bytes(store) < before + MARGIN_BYTES


@pytest.mark.slow
def test_a_client_holds_one_bundle_while_it_verifies(start_store: StartStore, tmp_path: Path) -> None:
    store = start_store()
    bundle = make_bundle(tmp_path, size_bytes=SIZE_BYTES)
    small = make_bundle(tmp_path)
    push = ["store", "push", "--store", store.url, "--bundle"]
    idle = most_memory_of(*push, small.path)
    assert most_memory_of(*push, bundle.path) < idle + SIZE_BYTES + MARGIN_BYTES
    fetch = ["store", "fetch", "--from", store.url, "--kind", "bundle", "--digest", bundle.digest, "--to"]
    assert most_memory_of(*fetch, tmp_path / "fetched") < idle + SIZE_BYTES + MARGIN_BYTES


def most_memory_of(*arguments: object) -> int:
    command = [sys.executable, "-m", "tests.content_store.print_peak", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=DEADLINE_SECONDS)
    return int(done.stdout.split()[-1])
