"""What a recorded prediction was asked, as a person can look at it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bundle import Manifest
from console.page.seen_picture import row_as_seen

MOST_VALUES = 100


@dataclass(frozen=True, slots=True)
class AskedInput:
    """A picture, or values."""

    picture: str = ""
    """The address of a PNG, `data:…`."""
    values: tuple[tuple[str, str], ...] = ()
    """By the feature's name, or its place from 1."""
    values_left_out: int = 0


def read_input(tensors: Mapping[str, Sequence[Any]], manifest: Manifest | None) -> AskedInput:
    """Of one row's input tensors by name, for a bundle of this manifest; None where nobody knows it."""
    if manifest is not None and len(tensors) == 1:
        only = next(iter(tensors.values()))
        form = manifest.image
        if form is not None and form.layout == "flat" and len(only) == form.shape()[0]:
            return AskedInput(row_as_seen(only, form))
        if len(manifest.feature_names) == len(only):
            return _as_values(list(zip(manifest.feature_names, only, strict=True)))
    named = [
        (name if len(values) == 1 else f"{name} {place}", value)
        for name, values in tensors.items()
        for place, value in enumerate(values, start=1)
    ]
    return _as_values(named)


def _as_values(named: Sequence[tuple[str, Any]]) -> AskedInput:
    shown = tuple((name, f"{value:g}" if isinstance(value, float) else str(value)) for name, value in named)
    return AskedInput(values=shown[:MOST_VALUES], values_left_out=max(0, len(shown) - MOST_VALUES))
