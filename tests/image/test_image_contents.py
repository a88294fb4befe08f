"""What the built images consist of: what is pinned and no more, a size, a version, no root."""

import subprocess
from pathlib import Path

import orjson
import pytest

from delivery.distributions import normalized
from delivery.image_report import ImageContents, read_contents, write_sbom
from delivery.notices import read_pins
from tests.image.docker import CONFINED, docker, full_image_under_test, image_under_test

pytestmark = [pytest.mark.image, pytest.mark.slow]

ADDED_BYTES = 220_000_000
"""Above a slim base of some 125 MB that makes less than 350 MB."""
NOT_FOR_SERVING = (
    "sklearn",
    "skl2onnx",
    "kserve",
    "ray",
    "kubernetes",
    "scipy",
    "matplotlib",
    "pandas",
    "nicegui",
    "pip",
)


@pytest.fixture(scope="module")
def predictor() -> ImageContents:
    return read_contents(image_under_test())


@pytest.fixture(scope="module")
def full() -> ImageContents:
    return read_contents(full_image_under_test())


def test_the_predictors_image_is_small(predictor: ImageContents) -> None:
    if predictor.added_bytes is None:
        pytest.skip(f"Docker does not have the base image {predictor.base}, so what is above it cannot be told")
    assert predictor.added_bytes <= ADDED_BYTES, "make image-report says what is large"


def test_each_image_has_what_its_requirements_pin_and_no_more(predictor: ImageContents, full: ImageContents) -> None:
    for contents, requirements in ((predictor, "predictor"), (full, "full")):
        installed = {one.name: one.version for one in contents.distributions}
        del installed["assay"]
        assert installed == {normalized(name): version for name, version in read_pins(requirements).items()}


@pytest.mark.parametrize("library", NOT_FOR_SERVING)
def test_the_predictors_image_cannot_import_what_serving_does_not_need(library: str) -> None:
    command = ["docker", "run", "--rm", *CONFINED, "--entrypoint", "python", image_under_test(), "-c"]
    done = subprocess.run([*command, f"import {library}"], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError" in done.stderr, f"{library}: {done.stderr or 'is there'}"


@pytest.mark.parametrize("image", [image_under_test, full_image_under_test], ids=["predictor", "full"])
def test_it_says_its_version_and_is_nobody(image) -> None:  # type: ignore[no-untyped-def]
    name = image()
    labels = orjson.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", name))
    said = docker("run", "--rm", *CONFINED, name, "--version")
    assert said == f"assay {labels['org.opencontainers.image.version']}"
    assert {"title", "description", "licenses", "revision", "base.name"} <= {
        label.removeprefix("org.opencontainers.image.") for label in labels
    }
    assert docker("run", "--rm", *CONFINED, "--entrypoint", "id", name, "-u") == "65532"


def test_the_sbom_names_what_is_installed(predictor: ImageContents, tmp_path: Path) -> None:
    write_sbom(predictor.name, tmp_path / "predictor.cdx.json")
    sbom = orjson.loads((tmp_path / "predictor.cdx.json").read_bytes())
    assert sbom["bomFormat"] == "CycloneDX"
    named = {(normalized(one["name"]), one["version"]) for one in sbom["components"]}
    assert named == {(one.name, one.version) for one in predictor.distributions}


def test_a_command_whose_packages_are_elsewhere_says_where() -> None:
    command = ["docker", "run", "--rm", *CONFINED, image_under_test(), "gate", "--stable", "a", "--canary", "b"]
    done = subprocess.run([*command, "--holdout", "digits"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("assay: this needs scipy, which is not installed here"), done.stderr
    assert "promote" in docker("run", "--rm", *CONFINED, image_under_test()), "its help has every command"


@pytest.mark.parametrize("command", ["promote", "rollout-exporter", "console", "train"])
def test_the_full_image_has_the_packages_of_its_commands(command: str) -> None:
    probe = {
        "promote": "import assay.cluster_wiring, promotion.judgement",
        "rollout-exporter": "import assay.rollout_exporter",
        "console": "import console.server, console.page.mount, envoy",
        "train": "import training.train_model, training.export",
    }[command]
    docker("run", "--rm", *CONFINED, "--entrypoint", "python", full_image_under_test(), "-c", probe)
