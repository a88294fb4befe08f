"""A tag of the repository is the version of the program, the images and the chart."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
CHANGES = "# Changes\n## [9.8.7] - 2026-12-01\n### Added\n- This.\n\n## [9.8.6] - 2026-11-30\n- That.\n"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of what a version is made of, with a tag."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, folder / name)
    shutil.copytree(REPOSITORY / "helm", folder / "helm")
    (folder / "CHANGELOG.md").write_text(CHANGES)
    (folder / ".gitignore").write_text("build\n")
    commit(folder, "--message=first")
    git(folder, "tag", "v9.8.7")
    return folder


def test_a_tag_is_the_version(checkout: Path) -> None:
    assert make(checkout, "version") == "9.8.7"


def test_the_chart_has_the_version_and_asks_for_images_of_it(checkout: Path) -> None:
    assert chart_of(checkout) == ("9.8.7", "9.8.7")


def test_a_release_says_what_its_version_brings_and_nothing_else(checkout: Path) -> None:
    make(checkout, "release-notes")
    assert (checkout / "build/release-notes.md").read_text() == "## [9.8.7] - 2026-12-01\n### Added\n- This.\n\n"


def test_what_comes_after_a_tag_is_a_development_version_that_helm_takes_too(checkout: Path) -> None:
    """Last, as it adds a commit."""
    commit(checkout, "--allow-empty", "--message=second")
    version = make(checkout, "version")
    assert version.startswith("9.8.8.dev1+g")
    assert chart_of(checkout) == (version.replace("9.8.8.dev1", "9.8.8-dev.1"), version)
    refused = run_make(checkout, "release-notes")
    assert refused.returncode != 0
    assert f"has no heading [{version}]" in refused.stderr


def chart_of(checkout: Path) -> tuple[str, str]:
    """The packed chart's own version, and the program's."""
    if shutil.which("helm") is None:
        pytest.skip("helm is not on the PATH: helm.sh/docs/intro/install")
    packed = make(checkout, "chart").rpartition(" ")[2]
    with tarfile.open(checkout / packed) as tar:
        file = tar.extractfile("assay/Chart.yaml")
        assert file is not None
        chart = yaml.safe_load(file)
    return chart["version"], chart["appVersion"]


def make(checkout: Path, target: str) -> str:
    done = run_make(checkout, target)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def run_make(checkout: Path, target: str) -> subprocess.CompletedProcess[str]:
    """With this repository's environment, which is taken as it is."""
    command = ["make", "--silent", f"--old-file={sys.prefix}/.demo", f"VENV={sys.prefix}", target]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, timeout=60)


def commit(checkout: Path, *arguments: str) -> None:
    if not (checkout / ".git").exists():
        git(checkout, "init", "--quiet")
    git(checkout, "add", "--all")
    git(checkout, "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "--quiet", *arguments)


def git(checkout: Path, *arguments: str) -> None:
    done = subprocess.run(["git", *arguments], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
