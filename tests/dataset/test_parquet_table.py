"""A Parquet file has the rows, the digest and the rules of the same rows in a CSV, and no more memory than it may."""

import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from dataset import (
    DatasetMalformed,
    DatasetTooLarge,
    LabelledRows,
    ReaderMissing,
    load_dataset,
    read_csv_table,
    read_parquet_table,
)
from tests.dataset.tables import tables


def write(columns: Mapping[str, Any], path: Path, **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


@given(tables())
def test_rows_keep_their_digest(tmp_path_factory: pytest.TempPathFactory, rows: LabelledRows) -> None:
    columns = dict(zip(rows.feature_names, rows.features.T, strict=True))
    path = write({"label": rows.labels, **columns}, tmp_path_factory.getbasetemp() / "drawn.parquet")
    assert load_dataset(str(path), {}).digest == rows.digest


def test_what_pandas_writes_is_the_same_as_a_table_and_as_parquet(tmp_path: Path) -> None:
    short = [0.1, 1e-7, 3.4028235e38, -0.0, 16777217.0]
    frame = pd.DataFrame(
        {
            "rooms": np.array([1, 2, 3, 4, 2**53 + 1]),
            "area": [0.1, 1 / 3, 1e300, -5e-324, 7.0],
            "float": np.array(short, dtype=np.float32),
            "half": np.array([0.1, 2.5, -1, 1000, 0.3], dtype=np.float16),
            "pixel": np.array([0, 255, 1, 2, 3], dtype=np.uint8),
            "has garden": [True, False, True, True, False],
            "street": ["Hauptstraße", " Ring ", "", "Ring", "a,b"],
            "kind": pd.Categorical(["flat", "house", "flat", "flat", "house"]),
            "grade": pd.Categorical([3, 1, 1, 2, 3]),
            "price": [Decimal("1.10"), Decimal("2.00"), Decimal("3.30"), Decimal("0.01"), Decimal("9.99")],
            "written": ["1", "2.5", "1e3", " 4", "-0"],
            "label": [7.0, 7.5, 0.1, 8.0, 1e-5],
        }
    )
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet", index=False)
    as_table, as_parquet = (load_dataset(str(tmp_path / f"rows.{kind}"), {}) for kind in ("csv", "parquet"))
    assert as_parquet.labels == as_table.labels
    assert as_parquet.categories == as_table.categories
    np.testing.assert_array_equal(as_parquet.features, as_table.features)
    assert as_parquet.digest == as_table.digest


def test_rows_of_many_batches_keep_their_order(tmp_path: Path) -> None:
    numbers = np.arange(40_000)
    texts = [f"category {number % 7 if number < 20_000 else 6 - number % 7}" for number in numbers]
    path = write({"a": numbers, "label": numbers % 3, "b": texts}, tmp_path / "rows.parquet", row_group_size=15_000)
    rows = read_parquet_table(path)
    assert rows.features[:, 0].tolist() == numbers.tolist()
    assert (rows.labels, rows.texts("b")) == (tuple(str(number % 3) for number in numbers), texts)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": [1.0]}, "1 columns; expected a label and at least one feature"),
        ({"label": ["x"], "a": [[1, 2]]}, "column a: list<element: int64>; expected numbers, texts or truth values"),
        ({"label": ["x", "y"], "a": [1.0, None]}, "row 2, column a: 'nan' is not a finite number"),
        ({"label": ["x", "y"], "a": [1, None]}, "row 2, column a: 'nan' is not a finite number"),
        ({"label": ["x", "y"], "a": [float("-inf"), 1.0]}, "row 1, column a: '-inf' is not a finite number"),
        ({"label": ["x", "y"], "a": ["1", "red"]}, "row 2, column a: 'red' is not a finite number"),
        ({"label": ["x", "y"], "a": ["", "red"]}, "row 1, column a: '' is not a finite number"),
        ({"label": ["x", "y"], "a": ["red", "1"]}, "row 1, column a: 'red' is not a finite number, as others of"),
        ({"label": ["x", " "], "a": [1, 2]}, "row 2, column label: no label"),
        ({"label": [1.0, None], "a": [1, 2]}, "row 2, column label: no label"),
        ({"label": [1, None], "a": [1, 2]}, "row 2, column label: no label"),
        ({"label": ["x"], "a": [1], " a": [1]}, "two columns are named 'a'"),
        ({"label": ["x"], " ": [1]}, "column 2 has no name"),
        ({"label": ["x"], "a": [1], "__index_level_0__": [1]}, "an index of pandas; write the file with index=False"),
        ({"label": pa.array([], pa.string()), "a": pa.array([], pa.int8())}, "columns, but no rows"),
    ],
)
def test_what_is_no_table_of_labelled_rows_is_refused_with_its_place(
    tmp_path: Path, columns: Mapping[str, Any], said: str
) -> None:
    path = write(columns, tmp_path / "rows.parquet")
    with pytest.raises(DatasetMalformed) as refused:
        read_parquet_table(path)
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"label,a\n1,2\n", b"PAR1" + bytes(40) + b"PAR1", b"PAR1"])
def test_what_is_no_parquet_is_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.parquet").write_bytes(content)
    with pytest.raises(DatasetMalformed, match=r"rows\.parquet: not a whole Parquet file: .+"):
        read_parquet_table(tmp_path / "rows.parquet")


MANY = 5_000_000
_MANY_IN_THE_FOOTER, _THREE = b"\x80\xad\xe2\x04", b"\x86\x80\x80\x00"  # 64-bit numbers as thrift writes them


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few bytes that are millions of rows."""
    rows = {"label": np.zeros(MANY, np.int8), "a": np.zeros(MANY)}
    return write(rows, tmp_path_factory.mktemp("bomb") / "bomb.parquet", row_group_size=MANY)


def test_a_small_file_of_many_rows_is_refused_before_they_are_there(bomb: Path) -> None:
    assert bomb.stat().st_size < 50_000
    with pytest.raises(DatasetTooLarge, match=rf"{MANY} rows of 2 columns take \d+ bytes of memory; expected at most"):
        read_parquet_table(bomb, 2**20)


def test_a_footer_that_claims_less_than_comes_is_found_out(bomb: Path, tmp_path: Path) -> None:
    content = bomb.read_bytes()
    begin = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    footer = content[begin:].replace(_MANY_IN_THE_FOOTER, _THREE, 1)
    (tmp_path / "liar.parquet").write_bytes(content[:begin] + footer)
    assert pq.read_metadata(tmp_path / "liar.parquet").num_rows == 3
    with pytest.raises(DatasetTooLarge, match="rows of 2 columns take"):
        read_parquet_table(tmp_path / "liar.parquet", 2**24)


def test_long_texts_count_in_each_row_that_has_them(tmp_path: Path) -> None:
    path = write({"label": ["x"] * 1000, "a": ["long" * 1000] * 1000}, tmp_path / "rows.parquet")
    assert path.stat().st_size < 20_000
    with pytest.raises(DatasetTooLarge):
        read_parquet_table(path, 2 * 2**20)
    read_parquet_table(path, 20 * 2**20)


def test_where_pyarrow_is_missing_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write({"label": ["x"], "a": [1]}, tmp_path / "rows.parquet")
    monkeypatch.delitem(sys.modules, "dataset.parquet_table", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        ReaderMissing, match=r"needs pyarrow, which is not installed here: pip install 'assay\[parquet\]'"
    ):
        read_parquet_table(path)


def test_a_table_needs_no_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows.csv").write_text("label,a\nx,1\n")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert read_csv_table(tmp_path / "rows.csv").labels == ("x",)
