"""A file becomes labelled rows. What it is, its first bytes say, whatever it is called."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console.errors import UploadMalformed, UploadTooLarge
from console.uploads.image_zip import read_image_zip
from content_store.errors import ContentTooLarge
from content_store.holdout_file import HoldoutFile
from dataset import (
    DatasetMalformed,
    DatasetTooLarge,
    LabelledRows,
    ReaderMissing,
    read_csv_table,
    read_parquet_table,
    write_csv_table,
)

_GZIP, _ZIP, _PARQUET = b"\x1f\x8b", b"PK", b"PAR1"
_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What an upload may take. Whoever sends more is told so before it is read to its end."""

    file_bytes: int = 256 * 2**20
    """As it comes."""
    memory_bytes: int = 512 * 2**20
    """Of its rows, unpacked; what is unpacked is counted as it comes, so that no bomb goes off."""
    images: int = 100_000
    image_bytes: int = 4 * 2**20
    """Of one image in a zip, unpacked."""
    idle_seconds: float = 60.0


def read_labelled_file(
    path: Path, name: str, limits: UploadLimits, like: LabelledRows | None, folder: Path
) -> LabelledRows:
    """The rows in the file at `path`, which its sender calls `name`; images become rows `like` these.

    A table is unpacked in `folder`, where it stays.
    Raises UploadMalformed, which names the line or the file in the zip, and UploadTooLarge.
    """
    if _begins_with(path, _ZIP):
        return read_image_zip(path, name, limits.images, limits.image_bytes, limits.memory_bytes, like)
    table = unpack_table(path, folder / "table.csv", limits.memory_bytes, name)
    try:
        return _named(read_csv_table(table), name)
    except DatasetMalformed as error:
        raise UploadMalformed(str(error).replace(str(table), name)) from error


def unpack_table(path: Path, to: Path, memory_limit_bytes: int, name: str) -> Path:
    """A CSV file, gzipped or not, or a Parquet file, as a plain CSV at `to`.

    Raises UploadMalformed, UploadTooLarge; ReaderMissing for Parquet where it cannot be read.
    """
    if _begins_with(path, _PARQUET):
        _unpack_parquet(path, to, memory_limit_bytes, name)
        return to
    table = HoldoutFile(to, memory_limit_bytes=memory_limit_bytes)
    try:
        for chunk in _read_plain(path):
            table.write(chunk)
        table.seal()
    except ContentTooLarge as error:
        raise UploadTooLarge(f"{name}: {error}") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UploadMalformed(f"{name}: not a whole gzip file: {error}") from error
    finally:
        table.close()
    return to


def _begins_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _unpack_parquet(path: Path, to: Path, memory_limit_bytes: int, name: str) -> None:
    try:
        write_csv_table(read_parquet_table(path, memory_limit_bytes), to)
    except DatasetTooLarge as error:
        raise UploadTooLarge(str(error).replace(str(path), name)) from error
    except DatasetMalformed as error:
        raise UploadMalformed(str(error).replace(str(path), name)) from error
    except ReaderMissing as error:
        raise ReaderMissing(str(error).replace(str(path), name)) from error


def _read_plain(path: Path) -> Iterator[bytes]:
    is_packed = _begins_with(path, _GZIP)
    with path.open("rb") as file:
        source = gzip.GzipFile(fileobj=file) if is_packed else file
        while chunk := source.read(_CHUNK_BYTES):
            yield chunk


def _named(rows: LabelledRows, name: str) -> LabelledRows:
    return LabelledRows(
        name, rows.features, rows.labels, rows.feature_names, rows.output_feature, categories=rows.categories
    )
