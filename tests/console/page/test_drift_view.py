"""How drift is called and drawn."""

import pytest

from console.page.drift_view import drift_word, mix_rows
from promotion.gate.advisory import drift_of


def test_each_class_has_its_shares_and_bars_on_one_scale() -> None:
    first, second = mix_rows(drift_of(["x", "x", "x", "y"], {"y": 1, "x": 1}, ("x", "y")))
    assert (first.label, first.holdout, first.live) == ("x", 0.75, 0.5)
    assert (first.holdout_width, first.live_width) == ("100.00", "66.67")
    assert (second.label, second.holdout_width, second.live_width) == ("y", "33.33", "66.67")


@pytest.mark.parametrize(
    ("index", "word"), [(0.05, "stable"), (0.1, "some drift"), (0.25, "some drift"), (0.3, "a shift")]
)
def test_an_index_is_called_as_it_commonly_is(index: float, word: str) -> None:
    assert drift_word(index)[0] == word
