"""Whether the rows of a data set are pictures: then the manifest says how a predictor makes such a row from a PNG.

The column names tell. scikit-learn calls the sample in row r and column c `pixel_r_c`, counted from 0; the usual CSV
files of MNIST and Fashion-MNIST count the samples of a square, `pixel1` or `pixel0` first. Bright strokes are large
numbers in both.
"""

import math

from bundle import ImageForm
from dataset import LabelledRows

_SCALES = (1, 16, 255)
"""The largest value that data sets of pictures have: 1 where it is scaled, 16 for scikit-learn's digits."""


def image_form(rows: LabelledRows) -> ImageForm | None:
    """The form of the pictures, grey ones, that `rows` are; None where they are none, or have other values."""
    size = _size(rows.feature_names)
    largest = float(rows.features.max())
    scale = next((scale for scale in _SCALES if largest <= scale), None)
    if size is None or scale is None or rows.features.min() < 0:
        return None
    height, width = size
    return ImageForm(width=width, height=height, scale=scale)


def _size(names: tuple[str, ...]) -> tuple[int, int] | None:
    side = math.isqrt(len(names))
    for first in (0, 1):
        if side**2 == len(names) and names == tuple(f"pixel{first + index}" for index in range(len(names))):
            return side, side
    parts = names[-1].split("_")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) <= 4 for part in parts[1:]):
        return None
    height, width = int(parts[1]) + 1, int(parts[2]) + 1
    if height * width != len(names):
        return None
    expected = tuple(f"pixel_{row}_{column}" for row in range(height) for column in range(width))
    return (height, width) if names == expected else None
