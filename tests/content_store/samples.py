"""What is pushed and fetched: bundles of any size, rows, and tars that are made by hand."""

import io
import tarfile
from pathlib import Path

import numpy as np

from bundle import Bundle, write_bundle
from dataset import LabelledRows, write_csv_table
from tests.bundle.sample import manifest

OTHER_DIGEST = f"sha256:{'1' * 64}"


def make_bundle(directory: Path, *, size_bytes: int = 3000, version: int = 1) -> Bundle:
    """The store looks into no model, so any bytes will do."""
    return write_bundle(directory, manifest(version=version), bytes([version]) * size_bytes)


def make_rows(count: int = 30, *, first: float = 0.0) -> LabelledRows:
    features = np.arange(count * 2, dtype=np.float64).reshape(count, 2) / 8 + first
    return LabelledRows("rows", features, tuple(str(index % 3) for index in range(count)), ("a", "b"))


def csv_of(rows: LabelledRows, directory: Path) -> bytes:
    path = directory / "rows.csv"
    write_csv_table(rows, path)
    return path.read_bytes()


def files_of(bundle: Bundle) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(bundle.path.iterdir())}


def tar_of(files: dict[str, bytes], *members: tarfile.TarInfo, tar_format: int = tarfile.USTAR_FORMAT) -> bytes:
    """A tar of `files`, after `members` that have headers only."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tar_format) as archive:
        for member in members:
            archive.addfile(member)
        for name, content in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


def member(name: str, kind: bytes, *, target: str = "") -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type = kind
    header.linkname = target
    return header


def header_only(name: str, size: int) -> bytes:
    """A header that states a size, with nothing behind it; GNU's form can state any."""
    header = tarfile.TarInfo(name)
    header.size = size
    return header.tobuf(tarfile.GNU_FORMAT)
