"""The commit and the date that a bundle states: never those of the clock."""

import os
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from training.provenance import Provenance, find_provenance
from training.settings import TrainingSettings

COMMITTED_AT = "2020-02-03T04:05:06Z"


def git(directory: Path, *arguments: str) -> str:
    dates = {"GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z", "GIT_COMMITTER_DATE": COMMITTED_AT}
    person = ["-c", "user.name=Somebody", "-c", "user.email=somebody@localhost"]
    command = ["git", "-C", str(directory), *person, *arguments]
    answer = subprocess.run(command, env=os.environ | dates, check=True, capture_output=True, text=True, timeout=30)
    return answer.stdout.strip()


@pytest.fixture(autouse=True)
def _git_looks_at_its_own_directory_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "code.py").write_text("one = 1\n")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "--quiet", "--message", "One is one")
    return tmp_path


def input_file(directory: Path, seconds: int, name: str = "rows.csv") -> Path:
    path = directory / name
    path.write_text("label,a\n")
    os.utime(path, (seconds, seconds))
    return path


def test_in_a_repository_commit_and_date_are_those_of_the_commit(repository: Path) -> None:
    rows = input_file(repository, 4_000_000_000)
    expected = Provenance(commit=git(repository, "rev-parse", "HEAD"), save_date=COMMITTED_AT)
    assert find_provenance(repository, [rows], None) == expected
    (repository / "below").mkdir()
    assert find_provenance(repository / "below", [rows], None) == expected


def test_a_changed_file_makes_the_commit_dirty_and_a_new_one_does_not(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "bundles").mkdir()
    (repository / "bundles" / "new").write_text("")
    assert find_provenance(repository, [], None).commit == commit
    (repository / "code.py").write_text("one = 2\n")
    assert find_provenance(repository, [], None) == Provenance(f"{commit}-dirty", COMMITTED_AT)


@pytest.mark.parametrize("is_in_a_repository", [True, False])
def test_the_date_of_a_reproducible_build_comes_first(
    request: pytest.FixtureRequest, tmp_path: Path, is_in_a_repository: bool
) -> None:
    if is_in_a_repository:
        request.getfixturevalue("repository")
    found = find_provenance(tmp_path, [input_file(tmp_path, 4_000_000_000)], 1_600_000_000)
    assert found.save_date == "2020-09-13T12:26:40Z"
    assert (found.commit == "unknown") is not is_in_a_repository
    assert find_provenance(tmp_path, [], 0).save_date == "1970-01-01T00:00:00Z"


def test_outside_a_repository_the_date_is_that_of_the_newest_input(tmp_path: Path) -> None:
    inputs = [input_file(tmp_path, seconds, f"{seconds}.csv") for seconds in (4_000_000_000, 4_100_000_000, 1)]
    assert find_provenance(tmp_path, inputs, None) == Provenance("unknown", "2099-12-03T16:53:20Z")


def test_without_a_commit_or_without_git_nothing_is_known_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet")
    expected = Provenance("unknown", "2096-10-02T07:06:40Z")
    rows = input_file(tmp_path, 4_000_000_000)
    assert find_provenance(tmp_path, [rows], None) == expected
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_provenance(tmp_path, [rows], None) == expected


def test_the_build_date_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert TrainingSettings().source_date_epoch is None
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert TrainingSettings().source_date_epoch == 1_600_000_000


@pytest.mark.parametrize("seconds", ["yesterday", "-1", "253402300800", "1.5"])
def test_a_build_date_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
    with pytest.raises(ValidationError, match="SOURCE_DATE_EPOCH"):
        TrainingSettings()


def test_the_last_second_that_can_be_written_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "253402300799")
    found = find_provenance(tmp_path, [], TrainingSettings().source_date_epoch)
    assert found.save_date == "9999-12-31T23:59:59Z"
