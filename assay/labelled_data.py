"""The data sets that every command takes: a built-in by name, or the path of a CSV."""

from collections.abc import Mapping

from dataset import DatasetNotFound, LabelledRows, load_dataset


def load_rows(specification: str) -> LabelledRows:
    """The rows that `specification` names; DatasetError when there are none."""
    return load_dataset(specification, {"digits": _load_digits})


def _load_digits() -> Mapping[str, LabelledRows]:
    try:
        from training.digits import load_digits_parts  # scikit-learn, where the rows come from, takes a second to load
    except ModuleNotFoundError as error:
        raise DatasetNotFound(f"digits comes with scikit-learn, which is not installed here ({error.name})") from error
    return load_digits_parts()
