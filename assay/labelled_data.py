"""The data sets that every command takes: a built-in by name, or the path of a file."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

from dataset import BuiltinDatasets, DatasetNotFound, LabelledRows, load_dataset, load_parts

_BUILTINS = {
    "digits": ("training.digits", "load_digits_parts"),
    "breast-cancer": ("training.embedded_data", "load_breast_cancer_parts"),
    "diabetes": ("training.embedded_data", "load_diabetes_parts"),
    "apartments": ("training.apartments", "load_apartment_parts"),
    "rents": ("training.apartments", "load_rent_parts"),
}


def load_rows(specification: str) -> LabelledRows:
    """The rows that `specification` names; DatasetError when there are none."""
    return load_dataset(specification, _builtins())


def load_rows_by_part(specification: str) -> Mapping[str, LabelledRows]:
    """The same, each part by its name, a built-in's holdout too."""
    return load_parts(specification, _builtins())


def _builtins() -> BuiltinDatasets:
    return {name: partial(_load_builtin, name) for name in _BUILTINS}


def _load_builtin(name: str) -> Mapping[str, LabelledRows]:
    module, function = _BUILTINS[name]
    try:
        load: Callable[[], Mapping[str, LabelledRows]] = getattr(import_module(module), function)
    except ModuleNotFoundError as error:  # scikit-learn, where the rows come from, takes a second to load
        raise DatasetNotFound(f"{name} comes with scikit-learn, which is not installed here ({error.name})") from error
    return load()
