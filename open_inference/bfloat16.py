"""BF16 (sign, 8 bits of exponent, 7 of fraction): the upper half of a float32, which is how numpy holds it here."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_bits(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The nearest BF16 of each value, ties to even; what is too large becomes infinite, NaN stays NaN."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
    quiet_nan = (bits >> np.uint32(16)) | np.uint32(0x40)  # to round a NaN could make it infinite
    return np.where(np.isnan(values), quiet_nan, rounded).astype(np.uint16)


def from_bits(bits: NDArray[Any]) -> NDArray[np.float32]:
    """The values of BF16 numbers that are given as 16 bits each."""
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def round_to_nearest(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each value as the nearest one that BF16 has."""
    return from_bits(to_bits(values))
