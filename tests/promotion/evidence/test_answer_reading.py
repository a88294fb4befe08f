"""What a batch of outputs says, and what of it is refused."""

from typing import Any

import numpy as np
import pytest

from promotion.evidence.answer_reading import AnswerNames, BatchAnswer, MisfitAnswer, read_batch

CLASSES = ("cat", "dog", "eel")
BOTH = AnswerNames(label="label", probabilities="p")
PROBABILITIES = np.array([[0.2, 0.5, 0.3], [0.7, 0.2, 0.1]], np.float32)


def test_a_label_goes_with_its_own_probability_also_where_another_class_has_more() -> None:
    found = read_batch({"label": np.array([2, 0]), "p": PROBABILITIES}, BOTH, 2, CLASSES)
    assert found.labels == ("eel", "cat")
    assert found.confidences == pytest.approx((0.3, 0.7))


def test_values_are_one_a_row_whatever_their_shape() -> None:
    names = AnswerNames(value="v")
    for shape in ((2,), (2, 1)):
        assert read_batch({"v": np.array([1.5, 2.5]).reshape(shape)}, names, 2, ()) == BatchAnswer(values=(1.5, 2.5))


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"label": np.array([0]), "p": PROBABILITIES}, "1 labels, expected 2 class indices below 3"),
        ({"label": np.array([0, 3]), "p": PROBABILITIES}, "`label` holds 3, expected 2 class indices below 3"),
        ({"label": np.array([0, 1]), "p": PROBABILITIES[:, :2]}, r"`p` is float32 \[2, 2\], expected .* \[2, 3\]"),
        ({"label": np.array([0, 1]), "p": PROBABILITIES * 2}, "`p` holds what are no probabilities"),
        ({"label": np.array([0, 1]), "p": PROBABILITIES * np.nan}, "`p` holds what are no probabilities"),
    ],
)
def test_what_is_no_answer_of_a_classifier_is_refused(outputs: dict[str, Any], message: str) -> None:
    with pytest.raises(MisfitAnswer, match=message):
        read_batch(outputs, BOTH, 2, CLASSES)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([1.0, np.nan]), "`v` holds nan of 2, expected 2 finite numbers"),
        (np.array([1.0]), "`v` holds 1.0 of 1, expected 2 finite numbers"),
        (np.array([1, 2]), "`v` holds 1 of 2, expected 2 finite numbers"),
        (np.array([]), "`v` holds none of 0, expected 2 finite numbers"),
    ],
)
def test_what_is_no_answer_of_a_regression_is_refused(values: Any, message: str) -> None:
    with pytest.raises(MisfitAnswer, match=message):
        read_batch({"v": values}, AnswerNames(value="v"), 2, ())
