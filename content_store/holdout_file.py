"""A holdout on its way in: a CSV file that is written as it comes, unless reading it would take too much memory.

A table of many short rows takes a hundred times its size while it is verified, so it is the table that is limited.
"""

from pathlib import Path

from content_store.disk import NewFile
from content_store.errors import ContentTooLarge
from dataset import table_memory


class HoldoutFile:
    """Writes a table to `path`. OSError is for the caller to explain."""

    def __init__(self, path: Path, *, memory_limit_bytes: int) -> None:
        self._file = NewFile(path)
        self._limit_bytes = memory_limit_bytes
        self._bytes = self._rows = self._cells = 0

    def write(self, chunk: bytes) -> None:
        """Append. Raises ContentTooLarge."""
        self._bytes += len(chunk)
        self._rows += chunk.count(b"\n") + chunk.count(b"\r")
        self._cells += chunk.count(b",")
        needed = table_memory(rows=self._rows, cells=self._cells + self._rows, text_bytes=self._bytes)
        if needed > self._limit_bytes:
            raise ContentTooLarge(
                f"after {self._rows} rows the table takes {needed} bytes of memory; expected at most"
                f" {self._limit_bytes} in all"
            )
        self._file.write(chunk)

    def seal(self) -> None:
        """That was all: flush it to the disk and make it read-only."""
        self._file.seal()

    def close(self) -> None:
        """Give it up. Can be repeated."""
        self._file.close()
