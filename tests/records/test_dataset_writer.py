"""The rows of a data set are loaded once, and are in the database what they are outside of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from assay.labelled_data import load_rows_by_part
from dataset import LabelledRows
from records.database import Database
from records.dataset_parts import list_parts
from records.dataset_writer import PartRows, smallest_dtype, write_part
from records.errors import DatasetDiffers
from tests.assay.program import assay

TWO_ROWS = PartRows(
    dataset="small",
    name="part-1",
    role="training",
    digest="sha256:1",
    output_feature="label",
    feature_names=("a", "b"),
    categories={},
    features=np.array([[1.0, 2.0], [3.0, 4.0]]),
    labels=("x", "y"),
)


def read_parts(database: Database) -> Mapping[str, LabelledRows]:
    """The way an analyst does it: from the tables alone."""
    parts = {}
    with database.connect() as connection:
        asked = (
            "SELECT p.*, d.output_feature, d.feature_names FROM dataset_parts p JOIN datasets d ON d.id = p.dataset_id"
        )
        for part in connection.execute(text(asked)).mappings().all():
            asked = "SELECT label, features FROM samples WHERE part_id = :id ORDER BY row"
            samples = connection.execute(text(asked), {"id": part["id"]}).all()
            assert len(samples) == part["rows"]
            features = [np.frombuffer(sample.features, part["feature_dtype"]).astype(np.float64) for sample in samples]
            parts[part["name"]] = LabelledRows(
                name=part["name"],
                features=np.array(features),
                labels=tuple(sample.label for sample in samples),
                feature_names=tuple(document(part["feature_names"])),
                output_feature=part["output_feature"],
                categories={name: tuple(texts) for name, texts in document(part["categories"]).items()},
            )
    return parts


def document(value: object) -> Any:
    """What JSON says, which SQLite keeps as text."""
    return orjson.loads(value) if isinstance(value, str) else value


def test_what_is_loaded_has_the_digest_that_it_had(url: str, database: Database) -> None:
    load_and_check(url, database, "digits")


def test_what_is_there_already_is_left(sqlite_url: str, sqlite_database: Database) -> None:
    """Either time it is the command that says so."""
    for is_new in (True, False):
        done = assay("db", "load-dataset", "digits:part-1", "--json", environment={"ASSAY_DATABASE_URL": sqlite_url})
        assert [part["is_new"] for part in done.json()["parts"]] == [is_new]
    assert {name: len(rows) for name, rows in read_parts(sqlite_database).items()} == {"part-1": 200}


def test_categories_are_loaded_too(sqlite_url: str, sqlite_database: Database) -> None:
    load_and_check(sqlite_url, sqlite_database, "apartments")


def load_and_check(url: str, database: Database, name: str) -> None:
    expected = {part: rows.digest for part, rows in load_rows_by_part(name).items()}
    done = assay("db", "load-dataset", name, "--json", environment={"ASSAY_DATABASE_URL": url})
    assert done.code == 0, done.stderr
    said = done.json()
    assert said["dataset"] == name
    assert {part["part"]: part["digest"] for part in said["parts"]} == expected
    assert all(part["is_new"] for part in said["parts"])
    assert f"{name}, holdout: 100 %" in done.stderr
    assert {part: rows.digest for part, rows in read_parts(database).items()} == expected


def test_files_are_parts_of_the_data_set_that_is_named(
    sqlite_url: str, sqlite_database: Database, tmp_path: Path
) -> None:
    (tmp_path / "train-1.csv").write_text("label,a,b\nx,1,0.5\ny,2,7\n")
    (tmp_path / "test.csv").write_text("label,a,b\nx,3,0.25\n")
    environment = {"ASSAY_DATABASE_URL": sqlite_url}
    for file, more in (("train-1.csv", []), ("test.csv", ["--holdout"])):
        done = assay("db", "load-dataset", tmp_path / file, "--dataset", "mine", *more, environment=environment)
        assert done.code == 0, done.stderr
        assert done.stdout.startswith("loaded ")
    with sqlite_database.connect() as connection:
        found = connection.execute(text("SELECT name, role, rows, feature_dtype FROM dataset_parts ORDER BY id")).all()
        assert connection.execute(text("SELECT name FROM datasets")).scalars().all() == ["mine"]
    assert [tuple(row) for row in found] == [("train-1.csv", "training", 2, "<f4"), ("test.csv", "holdout", 1, "<f4")]


def test_a_part_of_the_same_name_with_other_rows_is_refused(database: Database) -> None:
    assert write_part(database, TWO_ROWS, lambda _: None)
    with pytest.raises(DatasetDiffers, match="small has a part part-1 with other rows, sha256:1; parts are never"):
        write_part(database, replace(TWO_ROWS, digest="sha256:2"), lambda _: None)
    assert not write_part(database, replace(TWO_ROWS, name="the same"), lambda _: None)


def test_a_part_with_other_columns_is_refused(database: Database) -> None:
    write_part(database, TWO_ROWS, lambda _: None)
    other = replace(TWO_ROWS, name="part-2", digest="sha256:2", feature_names=("a", "c"))
    with pytest.raises(DatasetDiffers, match="expected the same columns in each part"):
        write_part(database, other, lambda _: None)


def test_a_load_that_is_broken_off_leaves_nothing(database: Database) -> None:
    many = replace(TWO_ROWS, features=np.ones((2500, 2)), labels=("x",) * 2500)

    def stop(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_part(database, many, stop)
    with database.connect() as connection:
        for table in ("datasets", "dataset_parts", "samples"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0  # noqa: S608
    assert write_part(database, many, lambda _: None)


@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [
        ([0.0, 255.0], "u1"),
        ([0.0, 256.0], "<f4"),
        ([-1.0], "<f4"),
        ([0.5], "<f4"),
        ([0.1], "<f8"),
        ([2.0**24 + 1], "<f8"),
        ([1e300], "<f8"),
        ([], "u1"),
    ],
)
def test_numbers_are_kept_exactly_in_the_smallest_type(numbers: list[float], dtype: str) -> None:
    found: NDArray[np.float64] = np.array(numbers, dtype=np.float64)
    assert smallest_dtype(found) == dtype
    assert (found.astype(dtype).astype(np.float64) == found).all()


def test_parts_are_listed_with_how_often_each_label_is_in_them(database: Database) -> None:
    for part in (TWO_ROWS, replace(TWO_ROWS, name="holdout", role="holdout", digest="sha256:2", labels=("y", "y"))):
        write_part(database, part, lambda _share: None)
    parts = list_parts(database, dataset="small")
    assert [(part.name, part.role, part.rows, part.labels) for part in parts] == [
        ("part-1", "training", 2, {"x": 1, "y": 1}),
        ("holdout", "holdout", 2, {"y": 2}),
    ]
    assert (list_parts(database), list_parts(database, dataset="other")) == (parts, [])
