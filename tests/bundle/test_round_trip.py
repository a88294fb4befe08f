"""What is written is what is read, under the digest that names it."""

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bundle import AnswerOutputs, Bundle, ImageForm, read_bundle, write_bundle
from bundle.manifest import content_digest
from tests.bundle.sample import HOLDOUT, LINEAGE, MODEL_BYTES, manifest


def test_a_bundle_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = write_bundle(tmp_path / "some" / "bundles", manifest(), MODEL_BYTES)
    assert written.path == tmp_path / "some" / "bundles" / written.digest.removeprefix("sha256:")
    assert read_bundle(written.path) == written
    assert read_bundle(written.path, expected_digest=written.digest) == written
    assert written.model_bytes == MODEL_BYTES
    files = written.manifest.files
    assert written.manifest == manifest(files=files)
    assert {name: (file.digest, file.size_bytes) for name, file in files.items()} == {
        "model.onnx": (content_digest(MODEL_BYTES), len(MODEL_BYTES))
    }


def test_the_form_of_the_digest_stays_as_it_is(written: Bundle) -> None:
    """Deployments and evidence state digests: a changed form would make them name bundles that nobody has."""
    assert written.digest == "sha256:3b5f56a99edf6ba290d834e9333dc25293ae50446f767415ad7c9f48e0817149"
    assert written.manifest.digest() == written.digest


def test_a_bundle_can_be_read_wherever_it_was_copied_to(written: Bundle, tmp_path: Path) -> None:
    moved = written.path.rename(tmp_path / "under another name")
    assert read_bundle(moved, expected_digest=written.digest).model_bytes == MODEL_BYTES


def test_a_bundle_can_be_read_through_a_link_to_its_directory(written: Bundle, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(written.path)
    assert read_bundle(tmp_path / "current").digest == written.digest


def test_other_users_can_read_a_bundle_and_nobody_may_write_its_files(tmp_path: Path) -> None:
    written = write_bundle(tmp_path, manifest(), MODEL_BYTES)
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o755
    assert {stat.S_IMODE(file.stat().st_mode) for file in written.path.iterdir()} == {0o444}


@given(model_bytes=st.binary(max_size=40), other=st.binary(max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_two_bundles_share_a_digest_when_all_their_bytes_are_the_same(
    tmp_path: Path, model_bytes: bytes, other: bytes
) -> None:
    one, two = (write_bundle(tmp_path, manifest(), content) for content in (model_bytes, other))
    assert (one.digest == two.digest) == (model_bytes == other)
    assert one.model_bytes == model_bytes
    assert two.model_bytes == other


@pytest.mark.parametrize(
    "change",
    [
        {"model": "letters"},
        {"version": 2},
        {"feature_names": ("b", "a")},
        {"classes": ("yes", "no")},
        {"metrics": {"accuracy": 0.5000000000000001}},
        {"metrics": {}},
        {"lineage": LINEAGE.model_copy(update={"seed": 1})},
        {"lineage": LINEAGE.model_copy(update={"commit": "0a1b2c"})},
        {"lineage": LINEAGE.model_copy(update={"holdout": HOLDOUT.model_copy(update={"rows": 799})})},
        {"lineage": LINEAGE.model_copy(update={"training_data": ()})},
        {"format": 2, "image": ImageForm(width=2, height=1)},
        {"format": 2, "image": ImageForm(width=2, height=1, invert=True)},
    ],
    ids=str,
)
def test_any_other_content_of_the_manifest_gives_another_digest(
    written: Bundle, tmp_path: Path, change: dict[str, object]
) -> None:
    assert write_bundle(tmp_path, manifest(**change), MODEL_BYTES).digest != written.digest


@pytest.mark.parametrize(
    "change",
    [
        {"model": "a/b"},
        {"model": ""},
        {"version": 0},
        {"inputs": ()},
        {"outputs": ()},
        {"feature_names": ()},
        {"classes": ("one",)},
        {"metrics": {"accuracy": float("nan")}},
        {"metrics": {"accuracy": float("inf")}},
        {"task": "regression"},
        {"format": 3},
        {"categories": {}},
        {"format": 2, "categories": {"c": ("red",)}},
        {"format": 2, "task": "inference"},
        {"format": 2, "task": "regression"},
        {"format": 2, "classes": ()},
        {"author": "somebody"},
    ],
    ids=str,
)
def test_a_manifest_that_could_not_be_read_back_cannot_be_made(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        manifest(**change)


@pytest.mark.parametrize(
    "kind",
    [
        {"categories": {"b": ("blue", "red")}, "unknown_categories": "refused"},
        {"task": "regression", "classes": (), "answer": AnswerOutputs(value="price")},
        {"task": "inference", "classes": (), "feature_names": (), "lineage": None},
    ],
    ids=str,
)
def test_every_kind_of_model_comes_back_as_it_was_written(tmp_path: Path, kind: dict[str, object]) -> None:
    written = write_bundle(tmp_path, manifest(format=2, **kind), MODEL_BYTES)
    read = read_bundle(written.path, expected_digest=written.manifest.digest())
    assert read.manifest == written.manifest
    assert {name: getattr(read.manifest, name) for name in kind} == kind
