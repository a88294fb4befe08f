"""The embedded data set and its pinned parts."""

from collections import Counter
from collections.abc import Mapping
from itertools import permutations

from sklearn.datasets import load_digits

from dataset import LabelledRows, concatenate, shared_rows
from training.digits import load_digits_parts


def test_the_parts_are_pinned(digits: Mapping[str, LabelledRows]) -> None:
    """Evidence states these digests: other parts would make old and new verdicts speak of different rows."""
    assert {name: (len(part), part.digest) for name, part in digits.items()} == {
        "holdout": (800, "sha256:c2d6bece1b614602caf845ec63b8a84dc5a3c8c97f5a112af10824ba0513b217"),
        "part-1": (200, "sha256:32ea22f5bcc59e52a5de85f790bd4a47dc2f777b1e98acb8c59312583f669df2"),
        "part-2": (797, "sha256:a5bf6418bc3ccbb6dfa77ca92015d57bcd506bfe95195cc2fb2c9c6d60dff47d"),
    }


def test_every_load_gives_the_same_parts(digits: Mapping[str, LabelledRows]) -> None:
    again = load_digits_parts()
    assert {name: part.digest for name, part in again.items()} == {name: part.digest for name, part in digits.items()}


def test_no_row_stands_in_two_parts(digits: Mapping[str, LabelledRows]) -> None:
    for one, another in permutations(digits.values(), 2):
        assert shared_rows(one, another) == []


def test_the_parts_together_are_all_digits_with_their_labels(digits: Mapping[str, LabelledRows]) -> None:
    loaded = load_digits()
    rows = concatenate(list(digits.values()))
    found = Counter(zip((row.tobytes() for row in rows.features), rows.labels, strict=True))
    assert found == Counter(zip((row.tobytes() for row in loaded.data), map(str, loaded.target), strict=True))
    assert rows.classes == tuple("0123456789")
