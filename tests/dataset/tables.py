"""Tables of labelled rows, drawn by hypothesis."""

import string

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from dataset import LabelledRows

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text(string.ascii_letters + string.digits + ' _-,"é', min_size=1, max_size=8).map(str.strip).filter(bool)
LABELS = st.one_of(st.integers(-20, 20).map(str), NAMES)


@st.composite
def tables(
    draw: st.DrawFn, numbers: st.SearchStrategy[float] = NUMBERS, *, min_rows: int = 1, columns: int | None = None
) -> LabelledRows:
    rows = draw(st.integers(min_rows, 6))
    width = columns or draw(st.integers(1, 4))
    names = draw(st.lists(NAMES.filter(lambda name: name != "label"), min_size=width, max_size=width, unique=True))
    return LabelledRows(
        name="drawn",
        features=np.array(draw(st.lists(numbers, min_size=rows * width, max_size=rows * width))).reshape(rows, width),
        labels=tuple(draw(st.lists(LABELS, min_size=rows, max_size=rows))),
        feature_names=tuple(names),
    )


def table(features: list[list[float]], labels: str, name: str = "table") -> LabelledRows:
    """A table with one-letter labels and columns a, b, c, ..."""
    numbers: NDArray[np.float64] = np.array(features, dtype=np.float64)
    return LabelledRows(name, numbers, tuple(labels), tuple(string.ascii_lowercase[: numbers.shape[1]]))
