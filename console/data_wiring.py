"""Chooses the concrete classes of a data set, for a console and for the commands beside one: quick to load."""

from pathlib import Path

from console.data_parts import DataParts
from console.holdouts import Holdouts
from console.settings import ConsoleSettings
from console.uploads import UploadLimits
from content_store.store_directory import StoreDirectory


def wire_data(state: Path, settings: ConsoleSettings) -> DataParts:
    """The data set in `state`, an absolute path, which is made where it is missing. Raises ContentStoreError."""
    store = StoreDirectory.open(state / "store")
    holdouts = Holdouts(store, state / "data" / "pinned-holdout.json", settings.upload_memory_bytes)
    return DataParts(state / "data" / "parts", holdouts)


def upload_limits(settings: ConsoleSettings) -> UploadLimits:
    """What a file may take."""
    return UploadLimits(settings.upload_limit_bytes, settings.upload_memory_bytes)
