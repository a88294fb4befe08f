import numpy as np
import pytest

from open_inference import MalformedMessage, RequestedOutput
from open_inference.classification import best_classes

VALUES = np.array([[0.1, 0.7, 0.2], [0.5, 0.0, 0.5]], dtype=np.float32)


def test_the_best_classes_come_first_and_of_equal_ones_the_first() -> None:
    assert best_classes(VALUES, 2, ["a", "b", "c"]).tolist() == [[b"0.7:1:b", b"0.2:2:c"], [b"0.5:0:a", b"0.5:2:c"]]


def test_classes_without_labels_are_value_and_index() -> None:
    assert best_classes(VALUES, 1, []).tolist() == [[b"0.7:1"], [b"0.5:0"]]


def test_more_classes_than_there_are_are_all() -> None:
    assert best_classes(VALUES, 9, []).shape == (2, 3)


@pytest.mark.parametrize("count", [0, -1, 1.0, True, "3"])
def test_a_number_of_classes_is_whole_and_positive(count: float | str) -> None:
    with pytest.raises(MalformedMessage, match=r'the output "p": classification is .*; expected a number of classes'):
        RequestedOutput("p", {"classification": count}).classification()


def test_classification_is_asked_for_or_not() -> None:
    assert RequestedOutput("p", {"classification": 3}).classification() == 3
    assert RequestedOutput("p").classification() is None
