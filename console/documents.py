"""A value in a file of its own: replaced whole by a rename, so that nobody reads half of one."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from console.errors import StateNotUsable

T = TypeVar("T")


class Documents(Generic[T]):
    """Reads and writes values of one kind, as JSON."""

    def __init__(self, adapter: TypeAdapter[T]) -> None:
        self._adapter = adapter

    def read(self, path: Path) -> T | None:
        """The value at `path`; None where there is no file. Raises StateNotUsable."""
        try:
            return self._adapter.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateNotUsable(f"{path} cannot be read: {error.strerror}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the document"
            raise StateNotUsable(f"{path} is not what a console wrote: {where}: {first['msg']}") from error

    def write(self, path: Path, value: T) -> None:
        """Let `value` stand at `path`, also after a crash of the machine. Raises StateNotUsable."""
        draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.writing")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(self._adapter.dump_json(value, indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise StateNotUsable(f"{path} cannot be written: {error.strerror}") from error
