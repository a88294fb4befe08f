"""The data sets that every command takes: a built-in by name, or the path of a CSV."""

from collections.abc import Mapping

from dataset import LabelledRows, load_dataset


def load_rows(specification: str) -> LabelledRows:
    """The rows that `specification` names; DatasetError when there are none."""
    return load_dataset(specification, {"digits": _load_digits})


def _load_digits() -> Mapping[str, LabelledRows]:
    from training.digits import load_digits_parts  # scikit-learn, where the rows come from, takes a second to load

    return load_digits_parts()
