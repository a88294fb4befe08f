"""What `--data` and `--holdout` may name."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from dataset import DatasetNotFound, LabelledRows, load_dataset
from tests.dataset.conftest import WriteFile
from tests.dataset.tables import table


def load_letters() -> Mapping[str, LabelledRows]:
    return {
        "part-1": table([[1]], "x", "letters:part-1"),
        "holdout": table([[2]], "y", "letters:holdout"),
        "part-2": table([[3]], "z", "letters:part-2"),
    }


BUILTINS = {"letters": load_letters, "another": load_letters}


def test_a_part_of_a_builtin_is_named_behind_a_colon() -> None:
    assert load_dataset("letters:part-2", BUILTINS).labels == ("z",)
    assert load_dataset("letters:holdout", BUILTINS).labels == ("y",)


@pytest.mark.parametrize("specification", ["letters", "letters:"])
def test_a_builtins_bare_name_means_all_but_its_holdout(specification: str) -> None:
    assert load_dataset(specification, BUILTINS).labels == ("x", "z")


def test_an_unknown_part_is_refused_with_the_parts_there_are() -> None:
    with pytest.raises(DatasetNotFound) as refused:
        load_dataset("letters:part-3", BUILTINS)
    assert str(refused.value) == "letters:part-3: letters has no part 'part-3'; expected holdout, part-1, part-2"


def test_a_path_names_a_csv(write_file: WriteFile) -> None:
    assert load_dataset(str(write_file("label,a\nq,1\n")), BUILTINS).labels == ("q",)


def test_a_path_may_hold_a_colon(write_file: WriteFile) -> None:
    assert load_dataset(str(write_file("label,a\nq,1\n", "rows:part-1.csv")), BUILTINS).labels == ("q",)


def test_a_builtin_comes_before_a_file_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "letters").write_text("label,a\nq,1\n")
    monkeypatch.chdir(tmp_path)
    assert load_dataset("letters", BUILTINS).labels == ("x", "z")
    assert load_dataset(os.path.join(".", "letters"), BUILTINS).labels == ("q",)


@pytest.mark.parametrize("specification", ["lettres", "lettres:part-1", "no/such.csv", "", "x" * 5000, "a\0b"])
def test_what_is_neither_a_builtin_nor_a_file_is_refused_with_the_builtins_there_are(specification: str) -> None:
    with pytest.raises(DatasetNotFound) as refused:
        load_dataset(specification, BUILTINS)
    expected = f"{specification}: no such file, nor a built-in data set; built in: another, letters"
    assert str(refused.value) == expected


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFound) as refused:
        load_dataset(str(tmp_path), BUILTINS)
    assert str(refused.value) == f"{tmp_path}: a directory; expected a file (.csv, .csv.gz or .parquet)"
