"""The groups that a slice makes of a holdout."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset import LabelledRows
from promotion.gate.policy import SliceDefinition
from promotion.gate.slices import SliceNotUsable, group_rows, labels_digest

NAMES = ("age", "paid", "pixel1", "pixel2")
TABLE = np.array([[20.0, 1.0, 0.0, 4.0], [30.0, 0.0, 2.0, 2.0], [40.0, 2.0, 6.0, 0.0], [90.0, 10.0, 8.0, 8.0]])


MIXED = LabelledRows(
    name="shops",
    features=np.array([[0.0, 0.0, 7.0], [1.0, 0.0, 8.0], [2.0, 2.0, 9.0], [1.0, 1.0, 1.0], [3.0, 3.0, 2.0]]),
    labels=("a",) * 5,
    feature_names=("region", "home", "sold"),
    categories={"region": ("north", "south", "east", ""), "home": ("north", "south", "east", "west")},
)


def holdout_of(table: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> LabelledRows:
    return LabelledRows("table", table.copy(), ("a",) * len(table), NAMES)


def groups(by: str, table: "np.ndarray[tuple[int, int], np.dtype[np.float64]]" = TABLE) -> dict[str, list[int]]:
    found = group_rows([SliceDefinition("s", by)], holdout_of(table))
    assert all(group.slice == "s" for group in found)
    return {group.name: [row for row, belongs in enumerate(group.rows) if belongs] for group in found}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("age < 35", {"s no": [2, 3], "s yes": [0, 1]}),
        ("paid", {"s 0": [1], "s 1": [0], "s 2": [2], "s 10": [3]}),
        ("bucket(age, 2)", {"s 1/2 (up to 35)": [0, 1], "s 2/2 (above 35)": [2, 3]}),
        ("mean(pixel*) == 2", {"s no": [2, 3], "s yes": [0, 1]}),
        ("max(pixel1, pixel1, pixel2) == 4", {"s no": [1, 2, 3], "s yes": [0]}),
        ("sum(*) > 100", {"s no": [0, 1, 2], "s yes": [3]}),
        ("pixel1 * 2 >= age / 10 + paid", {"s no": [0, 3], "s yes": [1, 2]}),
        ("-age <= 0 - 0", {"s yes": [0, 1, 2, 3]}),
    ],
)
def test_an_expression_groups_rows(by: str, expected: dict[str, list[int]]) -> None:
    assert groups(by) == expected


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("region", {"s (empty)": [4], "s east": [2], "s north": [0], "s south": [1, 3]}),
        ('region == "north"', {"s no": [1, 2, 3, 4], "s yes": [0]}),
        ('"south" != region', {"s no": [1, 3], "s yes": [0, 2, 4]}),
        ('region == ""', {"s no": [0, 1, 2, 3], "s yes": [4]}),
        ("region == home", {"s no": [1, 4], "s yes": [0, 2, 3]}),
        ('"region" == "east"', {"s no": [0, 1, 3, 4], "s yes": [2]}),
        ("bucket(sold, 2)", {"s 1/2 (up to 7)": [0, 3, 4], "s 2/2 (above 7)": [1, 2]}),
        ("mean(*) >= 8", {"s no": [0, 3, 4], "s yes": [1, 2]}),
    ],
)
def test_categories_group_rows_by_their_texts(by: str, expected: dict[str, list[int]]) -> None:
    found = group_rows([SliceDefinition("s", by)], MIXED)
    assert {group.name: [row for row, belongs in enumerate(group.rows) if belongs] for group in found} == expected


@pytest.mark.parametrize(
    ("by", "message"),
    [
        (
            'region == "nroth"',
            "no row has 'nroth' in the column 'region', expected one of '', 'east', 'north', 'south'",
        ),
        ('region < "north"', "column 'region' holds categories, which are == or != a text, and never <"),
        (
            "region == 1",
            "column 'region' holds categories; expected a text to compare it with, such as region == \"…\"",
        ),
        ("region == sold", "column 'region' holds categories; expected a text to compare it with"),
        ("region + 1 > 2", "column 'region' holds categories; expected a number, or region == \"…\""),
        ("bucket(region, 2)", "column 'region' holds categories; expected a number"),
        ("mean(region, sold) > 2", "column 'region' holds categories; expected a number"),
        ("mean(reg*) > 2", "no column of numbers begins with 'reg'"),
        ('sold == "north"', "column 'north' is unknown, expected one of 3, such as region, home, sold"),
    ],
)
def test_categories_are_never_taken_for_numbers(by: str, message: str) -> None:
    with pytest.raises(SliceNotUsable) as caught:
        group_rows([SliceDefinition("s", by)], MIXED)
    assert str(caught.value).startswith(f"slice s: {message}")


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(2, 20))
def test_buckets_share_out_every_row_in_order_of_value(values: list[int], count: int) -> None:
    table = np.array([[float(value), 0, 0, 0] for value in values])
    found = groups(f"bucket(age, {count})", table)
    assert sorted(row for rows in found.values() for row in rows) == list(range(len(values)))
    spans = [(min(values[row] for row in rows), max(values[row] for row in rows)) for rows in found.values()]
    assert all(low > high for (_, high), (low, _) in pairwise(spans))
    assert len(found) <= count


def test_buckets_without_ties_are_equal() -> None:
    table = np.arange(400.0).reshape(100, 4)
    assert [len(rows) for rows in groups("bucket(age, 4)", table).values()] == [25, 25, 25, 25]
    assert next(iter(groups("bucket(age, 12)", table))).startswith("s 1/12 ")


def test_a_file_of_labels_groups_rows_and_an_empty_line_leaves_one_out(tmp_path: Path) -> None:
    path = tmp_path / "shops.txt"
    path.write_text("north\nsouth\n\nnorth\n")
    definition = SliceDefinition("shop", 'labels("shops.txt")', str(path), labels_digest(path.read_bytes()))
    found = group_rows([definition], holdout_of(TABLE))
    assert [(group.name, group.rows) for group in found] == [
        ("shop north", (True, False, False, True)),
        ("shop south", (False, True, False, False)),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\nb\nc\nd\ne\n", "slice shop: .* has changed since gate.yaml was read"),
        (None, "cannot be read: No such file or directory; expected a label a line"),
    ],
)
def test_a_file_of_labels_that_has_changed_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "shops.txt"
    if content is not None:
        path.write_bytes(content)
    definition = SliceDefinition("shop", 'labels("shops.txt")', str(path), labels_digest(b"a\nb\nc\nd\n"))
    with pytest.raises(SliceNotUsable, match=message):
        group_rows([definition], holdout_of(TABLE))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a\nb\n", "has 2 lines, expected one for each of 4 rows"), (b"a\n\xff\n", "byte 3 is no UTF-8 text")],
)
def test_a_file_of_labels_that_does_not_fit_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "shops.txt"
    path.write_bytes(content)
    definition = SliceDefinition("shop", 'labels("shops.txt")', str(path), labels_digest(content))
    with pytest.raises(SliceNotUsable, match=message):
        group_rows([definition], holdout_of(TABLE))


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("agee < 3", "slice s: column 'agee' is unknown, expected one of 4, such as age, paid, pixel1"),
        ("mean(pix_*) < 3", "slice s: no column of numbers begins with 'pix_'"),
        ("1 / paid < 3", "slice s: row 2 gives inf, expected a finite number"),
        ("0 / (paid - 1) < 3", "slice s: row 1 gives nan, expected a finite number"),
    ],
)
def test_a_slice_that_the_holdout_cannot_be_cut_into_is_refused(by: str, message: str) -> None:
    with pytest.raises(SliceNotUsable) as caught:
        groups(by)
    assert str(caught.value) == message


def test_a_column_of_many_values_is_refused_with_the_way_out() -> None:
    with pytest.raises(SliceNotUsable, match=r"found 60 different values, expected at most 50; bucket\(\.\.\., 4\)"):
        groups("age", np.arange(240.0).reshape(60, 4))


def test_no_rows_have_no_groups() -> None:
    assert groups("bucket(age, 4)", np.zeros((0, 4))) == {}
