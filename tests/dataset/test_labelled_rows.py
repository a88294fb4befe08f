"""Classes, the first rows, joining parts, and rows that two data sets share."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset import DatasetMalformed, LabelledRows, concatenate, require_columns, shared_rows
from tests.dataset.tables import table, tables


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["10", "9", "10", "2"], ["2", "9", "10"]),
        (["3", "-2", "-10"], ["-10", "-2", "3"]),
        (["b", "10", "a", "9"], ["10", "9", "a", "b"]),
        (["1.5", "10", "9"], ["1.5", "10", "9"]),
        (["2", "02", "1", "002"], ["1", "002", "02", "2"]),
        (["--5", "1"], ["--5", "1"]),
        (["-", "1"], ["-", "1"]),
        (["²", "1"], ["1", "²"]),
    ],
)
def test_classes_are_ordered_by_value_where_all_are_whole_numbers_and_by_text_otherwise(
    labels: list[str], classes: list[str]
) -> None:
    assert LabelledRows("t", np.zeros((len(labels), 1)), tuple(labels), ("a",)).classes == tuple(classes)


@given(rows=tables(), data=st.data())
def test_classes_do_not_depend_on_the_order_of_the_rows(rows: LabelledRows, data: st.DataObject) -> None:
    shuffled = replace(rows, labels=tuple(data.draw(st.permutations(rows.labels))))
    assert shuffled.classes == rows.classes
    assert set(rows.classes) == set(rows.labels)
    assert len(rows.classes) == len(set(rows.labels))


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (2, 3), (4,)])
def test_numbers_that_do_not_fit_labels_and_names_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DatasetMalformed, match=r"^t: .* numbers for 2 labels and 2 feature names$"):
        LabelledRows("t", np.zeros(shape), ("x", "y"), ("a", "b"))


def test_the_first_rows_are_a_data_set_of_their_own() -> None:
    rows = replace(table([[1], [2], [3]], "xyz", "t"), title="Letters", link="about:letters", output_feature="letter")
    first = rows.first(2)
    expected = replace(table([[1], [2]], "xy", "t[:2]"), title="Letters", link="about:letters", output_feature="letter")
    assert (first.name, first.title, first.link) == (expected.name, expected.title, expected.link)
    assert first.digest == expected.digest


@given(rows=tables(), data=st.data())
def test_joined_parts_are_all_rows_in_order(rows: LabelledRows, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    parts = [
        replace(rows, name=name, features=rows.features[some], labels=rows.labels[some])
        for name, some in [("one", slice(0, cut)), ("two", slice(cut, None))]
    ]
    joined = concatenate(parts)
    assert joined.digest == rows.digest
    assert joined.name == "one + two"


def test_parts_with_another_number_of_columns_are_not_joined() -> None:
    with pytest.raises(DatasetMalformed) as refused:
        concatenate([table([[1, 2]], "x", "one"), table([[1, 2]], "x", "two"), table([[1]], "x", "three")])
    assert str(refused.value) == "three: 1 features, but one has 2"


def test_parts_with_another_column_name_are_not_joined() -> None:
    other = replace(table([[1, 2]], "x", "two"), feature_names=("a", "c"))
    with pytest.raises(DatasetMalformed) as refused:
        concatenate([table([[1, 2]], "x", "one"), other])
    assert str(refused.value) == "two: feature 2 is named 'c', but one names it 'b'"


def test_the_same_columns_in_another_order_are_other_columns() -> None:
    with pytest.raises(DatasetMalformed) as refused:
        require_columns(table([[1, 2]], "x", "rows"), ("b", "a"), "the model")
    assert str(refused.value) == "rows: feature 1 is named 'a', but the model names it 'b'"
    require_columns(table([[1, 2]], "x", "rows"), ("a", "b"), "the model")


FEW_NUMBERS = st.sampled_from([0.0, -0.0, 1.0])


@given(rows=tables(FEW_NUMBERS, columns=2), others=tables(FEW_NUMBERS, columns=2))
def test_shared_rows_are_those_of_equal_numbers_whatever_the_label(rows: LabelledRows, others: LabelledRows) -> None:
    equal = {
        index: {place for place, other in enumerate(others.features) if np.array_equal(row, other)}
        for index, row in enumerate(rows.features)
    }
    shared = shared_rows(rows, others)
    assert [index for index, _ in shared] == [index for index, places in equal.items() if places]
    assert all(place in equal[index] for index, place in shared)
