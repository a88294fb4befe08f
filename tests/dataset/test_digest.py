"""The digest pins column names, numbers, labels and their order, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dataset import LabelledRows
from tests.dataset.tables import LABELS, NAMES, NUMBERS, table, tables


def test_the_form_of_the_digest_stays_as_it_is() -> None:
    """Bundles and evidence state digests: a changed form would make all of them name data that nobody has."""
    rows = LabelledRows("any", np.array([[0.0, 255.0], [-1.5, 1e-3]]), ("7", "é"), ("pixel1", "pixel2"), "digit")
    assert rows.digest == "sha256:aba9ceba349d5f78059affe9643308279ef8d4df1fcf2655695f975b91cf0818"


@given(rows=tables(), data=st.data())
def test_any_other_number_gives_another_digest(rows: LabelledRows, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, rows.features.size - 1))
    number = data.draw(NUMBERS)
    changed = rows.features.copy()
    assume(changed.flat[place] != number)
    changed.flat[place] = number
    assert replace(rows, features=changed).digest != rows.digest


@given(rows=tables(), data=st.data())
def test_any_other_label_gives_another_digest(rows: LabelledRows, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    label = data.draw(LABELS)
    assume(rows.labels[place] != label)
    labels = (*rows.labels[:place], label, *rows.labels[place + 1 :])
    assert replace(rows, labels=labels).digest != rows.digest


@given(rows=tables(), data=st.data())
def test_any_other_column_name_gives_another_digest(rows: LabelledRows, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(rows.feature_names) - 1))
    name = data.draw(NAMES)
    assume(rows.feature_names[place] != name)
    names = (*rows.feature_names[:place], name, *rows.feature_names[place + 1 :])
    assert replace(rows, feature_names=names).digest != rows.digest
    assert replace(rows, output_feature=f"{rows.output_feature}2").digest != rows.digest


@given(rows=tables(min_rows=2), data=st.data())
def test_another_order_of_the_rows_gives_another_digest(rows: LabelledRows, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(rows))))
    features, labels = rows.features[order], tuple(rows.labels[index] for index in order)
    is_same = np.array_equal(features, rows.features) and labels == rows.labels
    assert (replace(rows, features=features, labels=labels).digest == rows.digest) == is_same


@given(rows=tables(), words=st.tuples(st.text(), st.text(), st.text()))
def test_words_for_people_take_no_part_in_the_digest(rows: LabelledRows, words: tuple[str, str, str]) -> None:
    assert replace(rows, name=words[0], title=words[1], link=words[2]).digest == rows.digest


@given(rows=tables())
def test_how_the_numbers_lie_in_memory_takes_no_part_in_the_digest(rows: LabelledRows) -> None:
    assert replace(rows, features=np.asfortranarray(rows.features)).digest == rows.digest
    assert replace(rows, features=rows.features.astype(">f8")).digest == rows.digest


def test_a_minus_before_a_zero_takes_no_part_in_the_digest() -> None:
    assert table([[0.0, 1.0]], "x").digest == table([[-0.0, 1.0]], "x").digest


def test_letters_do_not_move_between_neighbouring_labels_unseen() -> None:
    features = np.zeros((2, 1))
    digests = {
        LabelledRows("t", features, labels, ("a",)).digest for labels in [("ab", "c"), ("a", "bc"), ("abc", "c")]
    }
    assert len(digests) == 3


def test_the_numbers_under_a_digest_cannot_be_changed() -> None:
    rows = table([[1.0, 2.0]], "x")
    with pytest.raises(ValueError, match="read-only"):
        rows.features[0, 0] = 3.0
