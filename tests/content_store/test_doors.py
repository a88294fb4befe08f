"""What a store answers, door by door."""

import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bundle import Bundle, read_bundle
from tests.content_store.conftest import StartStore
from tests.content_store.samples import OTHER_DIGEST, csv_of, files_of, make_bundle, make_rows, tar_of
from tests.content_store.store_process import StoreProcess


def test_a_bundle_that_was_put_is_there_for_good(
    client: httpx.Client, store: StoreProcess, bundle: Bundle, tmp_path: Path
) -> None:
    url = f"/bundles/{bundle.digest}"
    assert client.head(url).status_code == 404
    put = client.put(url, content=tar_of(files_of(bundle)))
    assert (put.status_code, put.json()) == (201, {"digest": bundle.digest})
    got = client.get(url)
    assert (got.headers["etag"], got.headers["content-type"]) == (f'"{bundle.digest}"', "application/x-tar")
    with tarfile.open(fileobj=io.BytesIO(got.content)) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert read_bundle(tmp_path / "unpacked", expected_digest=bundle.digest).manifest == bundle.manifest
    head = client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))
    assert read_bundle(store.directory / "bundles" / bundle.path.name).digest == bundle.digest


def test_the_same_bundle_is_the_same_tar_whatever_was_put(client: httpx.Client, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path, version=2)
    url = f"/bundles/{bundle.digest}"
    reversed_files = dict(reversed(files_of(bundle).items()))
    assert client.put(url, content=tar_of(reversed_files, tar_format=tarfile.GNU_FORMAT)).status_code == 201
    with tarfile.open(fileobj=io.BytesIO(client.get(url).content)) as archive:
        assert archive.getnames() == ["manifest.json", "model.onnx"]
        assert {(entry.mtime, entry.uid, entry.mode) for entry in archive.getmembers()} == {(0, 0, 0o444)}


def test_a_holdout_that_was_put_is_there_for_good(client: httpx.Client, tmp_path: Path) -> None:
    rows = make_rows()
    content = csv_of(rows, tmp_path)
    url = f"/holdouts/{rows.digest}"
    assert client.head(url).status_code == 404
    assert client.put(url, content=content).status_code == 201
    got = client.get(url)
    assert got.content == content
    assert got.headers["content-type"] == "text/csv; charset=utf-8"
    assert client.put(url, content=content).status_code == 200


def test_putting_the_same_again_looks_at_no_byte_of_it(client: httpx.Client, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path, version=3)
    url = f"/bundles/{bundle.digest}"
    assert client.put(url, content=tar_of(files_of(bundle))).status_code == 201
    again = client.put(url, content=b"no tar at all")
    assert (again.status_code, again.json()) == (200, {"digest": bundle.digest})
    assert client.get(url).status_code == 200


def test_lists_name_every_digest(start_store: StartStore, tmp_path: Path) -> None:
    bundles = [make_bundle(tmp_path, version=version) for version in range(1, 4)]
    rows = make_rows()
    with start_store().client() as client:
        assert client.get("/bundles").json() == {"digests": []}
        for bundle in bundles:
            client.put(f"/bundles/{bundle.digest}", content=tar_of(files_of(bundle)))
        client.put(f"/holdouts/{rows.digest}", content=csv_of(rows, tmp_path))
        assert client.get("/bundles").json() == {"digests": sorted(bundle.digest for bundle in bundles)}
        assert client.get("/holdouts").json() == {"digests": [rows.digest]}


def test_what_is_not_there_is_404_in_the_one_shape(client: httpx.Client) -> None:
    missing = client.get(f"/bundles/{OTHER_DIGEST}")
    assert (missing.status_code, missing.json()) == (404, {"error": f"bundle {OTHER_DIGEST} is not in this store"})
    nowhere = client.get("/nothing")
    assert nowhere.status_code == 404
    assert nowhere.json()["error"].startswith("no such path: '/nothing'; expected /bundles/sha256:…")
    assert client.get("/bundles/").status_code == 404


@pytest.mark.parametrize("digest", ["x", "sha256:abc", f"sha256:{'A' * 64}", f"md5:{'0' * 64}", "..%2F..%2Fetc"])
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_what_is_no_digest_is_refused(client: httpx.Client, method: str, digest: str) -> None:
    answer = client.request(method, f"/bundles/{digest}")
    assert answer.status_code in {400, 404}
    if method != "HEAD":
        assert "expected" in answer.json()["error"]


@pytest.mark.parametrize("method", ["DELETE", "POST", "PATCH"])
def test_nothing_is_changed_or_deleted(client: httpx.Client, bundle: Bundle, method: str) -> None:
    answer = client.request(method, f"/bundles/{bundle.digest}")
    assert answer.status_code == 405
    assert answer.json()["error"].endswith(f"does not take {method}; nothing here is changed or deleted")


def test_concurrent_pushes_of_one_bundle_store_it_once(start_store: StartStore, tmp_path: Path) -> None:
    store = start_store()
    bundle = make_bundle(tmp_path, size_bytes=2_000_000)
    content = tar_of(files_of(bundle))
    with store.client() as client, ThreadPoolExecutor(4) as pool:
        puts = [pool.submit(client.put, f"/bundles/{bundle.digest}", content=content) for _ in range(4)]
        codes = sorted(put.result().status_code for put in puts)
        assert codes == [200, 200, 200, 201]
        assert client.get("/bundles").json() == {"digests": [bundle.digest]}
    assert store.drafts() == []
    assert store.said().count("stored bundle") == 1


def test_health_and_metrics_say_what_is(start_store: StartStore, tmp_path: Path) -> None:
    rows = make_rows()
    content = csv_of(rows, tmp_path)
    with start_store().client() as client:
        assert client.get("/health/live").json() == {"live": True}
        assert client.get("/health/ready").json() == {"ready": True}
        client.put(f"/holdouts/{rows.digest}", content=content)
        client.get(f"/holdouts/{rows.digest}")
        client.delete("/some/where")
        lines = client.get("/metrics").text.splitlines()
    assert 'assay_store_contents{kind="holdout"} 1.0' in lines
    assert f'assay_store_received_bytes_total{{kind="holdout"}} {float(len(content))}' in lines
    assert f'assay_store_sent_bytes_total{{kind="holdout"}} {float(len(content))}' in lines
    assert 'assay_store_requests_total{code="201",door="holdouts",method="PUT"} 1.0' in lines
    assert 'assay_store_requests_total{code="404",door="unknown",method="other"} 1.0' in lines
    assert any(line.startswith("assay_store_free_bytes ") for line in lines)


def test_a_store_whose_volume_is_gone_is_live_but_not_ready(start_store: StartStore, tmp_path: Path) -> None:
    store = start_store()
    store.directory.rename(tmp_path / "elsewhere")
    with store.client() as client:
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert "the disk refuses: No such file or directory" in ready.json()["error"]
