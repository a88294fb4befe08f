"""Which files make a bundle: none missing, none added, none a link, none elsewhere."""

import os
import resource
from pathlib import Path
from typing import Any

import orjson
import pytest

from bundle import Bundle, BundleDamaged, BundleError, BundleNotFound, BundleNotUsable, read_bundle
from bundle.manifest import content_digest, stored_form
from tests.dataset.system_limits import lowered


@pytest.mark.parametrize("name", ["manifest.json", "model.onnx"])
def test_a_missing_file_is_named(written: Bundle, name: str) -> None:
    (written.path / name).unlink()
    with pytest.raises(BundleDamaged) as damaged:
        read_bundle(written.path)
    assert str(damaged.value) == f"{written.path / name} is missing or not a regular file"


@pytest.mark.parametrize("name", ["manifest.json", "model.onnx"])
def test_a_link_in_the_place_of_a_file_is_refused_even_to_the_same_bytes(written: Bundle, name: str) -> None:
    elsewhere = (written.path / name).rename(written.path.parent / "elsewhere")
    (written.path / name).symlink_to(elsewhere)
    with pytest.raises(BundleDamaged) as damaged:
        read_bundle(written.path)
    assert str(damaged.value) == f"{written.path / name} is missing or not a regular file"


@pytest.mark.parametrize("name", ["manifest.json", "model.onnx"])
def test_a_directory_in_the_place_of_a_file_is_refused(written: Bundle, name: str) -> None:
    (written.path / name).unlink()
    (written.path / name).mkdir()
    with pytest.raises(BundleDamaged, match="missing or not a regular file"):
        read_bundle(written.path)


def test_a_manifest_too_large_to_be_one_is_not_read(written: Bundle) -> None:
    os.truncate(written.path / "manifest.json", 16 * 2**20 + 1)
    with pytest.raises(BundleDamaged) as damaged:
        read_bundle(written.path)
    assert str(damaged.value) == f"{written.path / 'manifest.json'} is larger than 16777216 bytes"


@pytest.mark.parametrize("name", ["model.onnx.data", ".hidden", "Manifest.json"])
def test_an_added_file_is_named(written: Bundle, name: str) -> None:
    (written.path / name).write_bytes(b"")
    with pytest.raises(BundleDamaged) as damaged:
        read_bundle(written.path)
    expected = f"{written.path / name} does not belong to the bundle: its manifest does not name it"
    assert str(damaged.value) == expected


@pytest.mark.parametrize("name", ["missing", "x" * 5000, "a file"], ids=["missing", "too long a name", "a file"])
def test_what_is_no_directory_is_not_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "a file").write_bytes(b"")
    with pytest.raises(BundleNotFound) as refused:
        read_bundle(tmp_path / name)
    expected = f"{tmp_path / name}: no such bundle; expected a directory with model.onnx and manifest.json"
    assert str(refused.value) == expected


def rewrite_manifest(written: Bundle, **changes: Any) -> None:
    """Write another manifest over the bundle's, with the digest that it then has: changed, and yet intact."""
    path = written.path / "manifest.json"
    fields = orjson.loads(path.read_bytes()) | changes
    del fields["digest"]
    path.write_bytes(stored_form(fields))


def test_a_manifest_of_a_later_format_is_intact_but_not_usable(written: Bundle) -> None:
    rewrite_manifest(written, format=3)
    with pytest.raises(BundleNotUsable) as refused:
        read_bundle(written.path)
    assert str(refused.value) == f"{written.path / 'manifest.json'}: format: Input should be 1 or 2"


def test_a_manifest_with_a_field_that_is_not_known_is_not_usable(written: Bundle) -> None:
    rewrite_manifest(written, author="somebody")
    with pytest.raises(BundleNotUsable, match="author: Extra inputs are not permitted"):
        read_bundle(written.path)


def test_a_bundle_without_a_model_is_not_usable(written: Bundle) -> None:
    rewrite_manifest(written, files={})
    with pytest.raises(BundleNotUsable) as refused:
        read_bundle(written.path)
    assert str(refused.value) == f"{written.path / 'manifest.json'} names no model.onnx"


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", ".", "..", "", "a/b"])
def test_a_manifest_that_names_a_file_outside_its_directory_is_not_usable(written: Bundle, name: str) -> None:
    (written.path.parent / "outside").write_bytes(b"secret")
    files: dict[str, object] = orjson.loads((written.path / "manifest.json").read_bytes())["files"]
    rewrite_manifest(written, files={**files, name: {"digest": content_digest(b"secret"), "size_bytes": 6}})
    with pytest.raises(BundleNotUsable, match="files"):
        read_bundle(written.path)


def test_a_file_that_cannot_be_opened_is_named_with_the_systems_reason(written: Bundle) -> None:
    with lowered(resource.RLIMIT_NOFILE, 0), pytest.raises(BundleError) as refused:
        read_bundle(written.path)
    assert str(refused.value) == f"{written.path / 'manifest.json'} cannot be read: Too many open files"
