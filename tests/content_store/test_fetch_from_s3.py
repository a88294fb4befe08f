"""Fetching from a bucket: the folder's own files and nothing else, verified as from anywhere."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from bundle import Bundle, read_bundle
from bundle.manifest import MANIFEST_NAME, MODEL_NAME, content_digest, stored_form
from content_store.content_name import Kind
from content_store.errors import (
    AddressNotUsable,
    ContentMalformed,
    ContentMismatch,
    ContentStoreError,
    ContentTooLarge,
)
from dataset import read_csv_table
from tests.content_store.conftest import UseS3
from tests.content_store.other_server import Answer, other_server
from tests.content_store.s3_server import BUCKET, FOLDER, SECRET, S3Server, folder_server
from tests.content_store.samples import OTHER_DIGEST, csv_of, files_of, make_bundle, make_rows
from tests.content_store.store_process import DEADLINE_SECONDS
from tests.content_store.test_bounded_memory import MARGIN_BYTES, SIZE_BYTES, most_memory_of
from tests.content_store.test_fetch import fetch

ROWS = make_rows()


def test_a_bundle_is_fetched_by_the_program(stored: S3Server, bundle: Bundle, tmp_path: Path) -> None:
    to = tmp_path / "bundle"
    command = [sys.executable, "-m", "assay", "store", "fetch", "--from", f"{FOLDER}/", "--digest", bundle.digest]
    done = subprocess.run(
        [*command, "--to", str(to)], capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS
    )
    assert (done.returncode, done.stdout) == (0, f"{to}\n")
    assert done.stderr == f"assay: bundle fetched, and verified: {to}\n"
    assert read_bundle(to, expected_digest=bundle.digest).manifest == bundle.manifest
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize(("key", "kind"), [("rows 1.csv", None), ("rows.csv", Kind.HOLDOUT), ("rows", Kind.HOLDOUT)])
def test_a_holdout_is_fetched(stored: S3Server, key: str, kind: Kind | None, tmp_path: Path) -> None:
    stored.put(key.replace(" ", "%20"), csv_of(ROWS, tmp_path))
    fetched = fetch(f"s3://{BUCKET}/{key}", ROWS.digest, tmp_path / "holdout.csv", kind)
    assert (fetched.content.kind, fetched.is_new) == (Kind.HOLDOUT, True)
    assert read_csv_table(tmp_path / "holdout.csv").digest == ROWS.digest


def test_nothing_is_asked_for_but_what_the_manifest_names(use: UseS3, bundle: Bundle, tmp_path: Path) -> None:
    with folder_server({**files_of(bundle), "letter.txt": b"dear"}) as (url, asked):
        use(url)
        fetch(FOLDER, bundle.digest, tmp_path / "to")
    assert asked == [MANIFEST_NAME, MODEL_NAME]
    assert read_bundle(tmp_path / "to").digest == bundle.digest


def test_another_bundle_is_refused_by_its_manifest(use: UseS3, bundle: Bundle, tmp_path: Path) -> None:
    with folder_server(files_of(bundle)) as (url, asked):
        use(url)
        with pytest.raises(ContentMismatch, match=f"what came is the bundle {bundle.digest}"):
            fetch(FOLDER, OTHER_DIGEST, tmp_path / "to")
    assert asked == [MANIFEST_NAME]
    assert list(tmp_path.iterdir()) == []


def test_a_changed_or_cut_or_longer_file_is_refused_and_leaves_nothing(
    use: UseS3, bundle: Bundle, tmp_path: Path
) -> None:
    files = files_of(bundle)
    model, manifest = files[MODEL_NAME], files[MANIFEST_NAME]
    changed: list[tuple[dict[str, bytes], type[ContentStoreError], str]] = [
        ({MODEL_NAME: b"\2" + model[1:]}, ContentMismatch, "model.onnx was changed"),
        ({MODEL_NAME: model[1:]}, ContentMismatch, "model.onnx has 2999 bytes, its manifest says 3000"),
        ({MODEL_NAME: model + b"\1"}, ContentTooLarge, "model.onnx has 3001 bytes or more; expected at most 3000"),
        ({MANIFEST_NAME: manifest.replace(b"classification", b"segmentation")}, ContentMismatch, "was changed"),
        ({MANIFEST_NAME: b"[]"}, ContentMismatch, "is not a JSON object with a digest"),
        ({MANIFEST_NAME: b"<html>"}, ContentMismatch, "is not a JSON object with a digest"),
    ]
    for change, error, message in changed:
        with folder_server({**files, **change}) as (url, _):
            use(url)
            with pytest.raises(error, match=message):
                fetch(FOLDER, bundle.digest, tmp_path / "to")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "size_bytes", "error"),
    [
        ("../model.onnx", 4, ContentMismatch),
        ("a/model.onnx", 4, ContentMismatch),
        (".arriving-1", 4, ContentMismatch),
        ("more", -1, ContentMismatch),
        ("more", 2**40, ContentTooLarge),
        (MANIFEST_NAME, 4, ContentMalformed),
    ],
)
def test_a_hostile_manifest_leads_nowhere(
    name: str, size_bytes: int, error: type[ContentStoreError], use: UseS3, bundle: Bundle, tmp_path: Path
) -> None:
    digest, manifest = forged(bundle, {name: {"digest": OTHER_DIGEST, "size_bytes": size_bytes}})
    with folder_server({MANIFEST_NAME: manifest}) as (url, asked):
        use(url)
        with pytest.raises(error):
            fetch(FOLDER, digest, tmp_path / "to")
    assert asked == [MANIFEST_NAME]
    assert list(tmp_path.iterdir()) == []


def forged(bundle: Bundle, files: dict[str, Any]) -> tuple[str, bytes]:
    """A manifest of these files that is whole, and its digest."""
    fields = {**orjson.loads(bundle.manifest.to_bytes()), "files": files}
    del fields["digest"]
    manifest = stored_form(fields)
    digest = str(orjson.loads(manifest)["digest"])
    assert content_digest(manifest.replace(f'  "digest": "{digest}",\n'.encode(), b"", 1)) == digest
    return digest, manifest


def test_what_is_too_large_is_not_read(use: UseS3, bundle: Bundle, tmp_path: Path) -> None:
    endless = {"content-length": str(2**32)}
    source = f"s3://{BUCKET}/rows.csv"
    with other_server(lambda _method, _path: Answer(headers=endless)) as url:
        use(url)
        with pytest.raises(
            ContentTooLarge, match=f"manifest.json has {2**32} bytes or more; expected at most 16777216"
        ):
            fetch(FOLDER, bundle.digest, tmp_path / "to")
        with pytest.raises(ContentTooLarge, match=f"{source} has {2**32} bytes or more"):
            fetch(source, ROWS.digest, tmp_path / "to.csv")
    with other_server(lambda _method, _path: Answer(b"\n" * 2**23)) as url:
        use(url)
        with pytest.raises(ContentTooLarge, match="rows the table takes"):
            fetch(source, ROWS.digest, tmp_path / "to.csv")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_address_in_a_bucket_is_named_without_its_password(tmp_path: Path) -> None:
    for source in ("s3://", "s3://bucket", "s3://bucket/", "s3:bucket/key", f"s3://key:{SECRET}@bucket/key"):
        with pytest.raises(AddressNotUsable, match="expected s3://BUCKET/KEY, without credentials") as caught:
            fetch(source, OTHER_DIGEST, tmp_path / "to")
        assert SECRET not in str(caught.value)
    with pytest.raises(AddressNotUsable, match=r"s3://bucket/rows\.csv is a holdout, not a bundle"):
        fetch("s3://bucket/rows.csv", OTHER_DIGEST, tmp_path / "to", Kind.BUNDLE)


@pytest.mark.slow
def test_a_fetch_holds_one_bundle_while_it_verifies(stored: S3Server, bundle: Bundle, tmp_path: Path) -> None:
    large = make_bundle(tmp_path, size_bytes=SIZE_BYTES)
    stored.put_folder("large", files_of(large))
    fetch = ["store", "fetch", "--from"]
    idle = most_memory_of(*fetch, FOLDER, "--digest", bundle.digest, "--to", tmp_path / "small")
    most = most_memory_of(*fetch, f"s3://{BUCKET}/large", "--digest", large.digest, "--to", tmp_path / "large")
    assert most < idle + SIZE_BYTES + MARGIN_BYTES
