"""Tables of labelled rows, and what else people send as one: CSV, gzip, Parquet, zips of images."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from console.errors import UploadMalformed, UploadTooLarge
from console.uploads import UploadLimits, read_labelled_file
from content_store.content_name import ContentName, Kind
from content_store.draft import Draft
from content_store.errors import ContentError
from dataset import (
    DatasetError,
    DatasetMalformed,
    DatasetTooLarge,
    LabelledRows,
    read_csv_table,
    read_parquet_table,
    write_csv_table,
)
from promotion.gate.followed_rows import COLUMNS, FollowedRowsUnusable, follow_rows
from promotion.recorded.answers import LabelsRefused
from promotion.recorded.labels import read_labels_file
from promotion.statistics.flat_rule import FlatRule
from tests.fuzz.parser import Parser

_MEMORY_BYTES = 4 * 2**20
_LIMITS = UploadLimits(file_bytes=2**20, memory_bytes=_MEMORY_BYTES, images=20, image_bytes=2**16)
_WORDS = (
    b"label",
    b"1,2\n",
    b'"a\n"',
    b'""',
    b"nan",
    b"inf",
    b"-0.0",
    b"1e308",
    b"\r",
    "\N{ARABIC-INDIC DIGIT THREE}".encode(),
)
_TABLE = (b"PAR1", b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\x1f\x8b\x08")


def table_parsers(folder: Path) -> Iterator[Parser]:
    """Data sets, uploads, holdouts on their way into the store, labels and followed rows."""
    tables = [_csv(rows, folder) for rows in _rows()]
    packed = [gzip.compress(table) for table in tables]
    parquet = [*_parquet_files(folder)]
    yield Parser("csv-table", tables, _read_csv(folder / "table.csv"), (DatasetError,), None, _WORDS)
    bomb = gzip.compress(b"label,a\n" + b"1,2\n" * 10**5)
    yield Parser("csv-gz-table", packed, _read_csv(folder / "table.csv.gz"), (DatasetError,), _repack, _WORDS)
    yield Parser("parquet-table", parquet, _read_parquet(folder / "table.parquet"), (DatasetMalformed, DatasetTooLarge))
    yield Parser(
        "uploaded-table",
        [*tables, *packed, *parquet, bomb],
        _read_upload(folder, None),
        (UploadMalformed, UploadTooLarge),
        _repack,
        (*_WORDS, *_TABLE),
    )
    pictures = LabelledRows("known", np.zeros((1, 4)) + 16, ("7",), tuple(f"pixel_{n // 2}_{n % 2}" for n in range(4)))
    yield Parser(
        "uploaded-images",
        [*_zips()],
        _read_upload(folder, pictures),
        (UploadMalformed, UploadTooLarge),
        _rezip,
        (*_TABLE, b"labels.csv", b"one.png", b"../"),
    )
    yield Parser("stored-holdout", tables, _read_draft(folder), (ContentError,), None, _WORDS)
    labels = [b"request_id,label\nr1,a\nr1,b\n", b"request_id,row,label\nr1,0,a\nr2,1,b\n"]
    yield Parser("labels", labels, _read_labels(folder / "labels.csv"), (LabelsRefused,), None, _WORDS)
    followed = ["".join(",".join(line) + "\n" for line in [COLUMNS, *[("a", "a", "b")] * 3]).encode()]
    yield Parser("followed-rows", followed, _read_followed(folder), (FollowedRowsUnusable,), None, _WORDS)


def _rows() -> Iterator[LabelledRows]:
    numbers = np.array([[0.1, -2.0], [1e300, 0.0], [3.0, 4.5]])
    yield LabelledRows("numbers", numbers, ("1", "7", "10"), ("a", "b"))
    kinds = {"b": ("high, very", "low")}
    yield LabelledRows(
        "categories", np.array([[0.1, 1.0], [2.0, 0.0]]), ("yes", "nö"), ("a", "b"), "out", "", "", kinds
    )


def _csv(rows: LabelledRows, folder: Path) -> bytes:
    path = folder / "sample.csv"
    write_csv_table(rows, path)
    return path.read_bytes()


def _repack(content: bytes) -> bytes:
    """The plain bytes with an end of their own, where it is gzip; all of them packed anew."""
    try:
        content = zlib.decompressobj(31).decompress(content, 2**16)
    except zlib.error:
        return content
    half = len(content) // 2
    return gzip.compress(content[half:] + content[:half]) if content[:1] == b"\n" else gzip.compress(content + b"\xff")


def _read_csv(path: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path.write_bytes(content)
        _assert_kept(read_csv_table(path), path.with_name("again.csv"))

    return read


def _read_parquet(path: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path.write_bytes(content)
        _assert_kept(read_parquet_table(path, _MEMORY_BYTES), path.with_name("again.csv"))

    return read


def _assert_kept(rows: LabelledRows, path: Path) -> None:
    """What was read is a table: it is the same when it is written and read, and its classes can be told."""
    assert np.isfinite(rows.features).all()
    assert set(rows.classes) == set(rows.labels)
    write_csv_table(rows, path)
    assert read_csv_table(path).digest == rows.digest


def _read_upload(folder: Path, like: LabelledRows | None) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        (folder / "received").write_bytes(content)
        (folder / "table.csv").unlink(missing_ok=True)
        rows = read_labelled_file(folder / "received", "sent.file", _LIMITS, like, folder)
        if like is None:
            _assert_kept(rows, folder / "again.csv")
        else:
            assert rows.feature_names == (like.feature_names if rows.features.shape[1] == 4 else rows.feature_names)

    return read


def _read_draft(folder: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        (folder / "sent.csv").write_bytes(content)
        try:
            digest = read_csv_table(folder / "sent.csv").digest
        except DatasetError:
            digest = f"sha256:{'0' * 64}"
        with Draft(ContentName(Kind.HOLDOUT, digest), folder, limit_bytes=_MEMORY_BYTES) as draft:
            for begin in range(0, len(content), 1000):
                draft.write(content[begin : begin + 1000])
            draft.verify()

    return read


def _read_labels(path: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path.write_bytes(content)
        assert all(one.row >= 0 for one in read_labels_file(path))

    return read


def _read_followed(folder: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        (folder / "followed.csv").write_bytes(content)
        (folder / "state.json").unlink(missing_ok=True)
        rule = FlatRule(0.05, 0.05, 2, 1000)
        first = follow_rows(folder / "followed.csv", folder / "state.json", rule)
        assert follow_rows(folder / "followed.csv", folder / "state.json", rule).outcome is first.outcome

    return read


def _parquet_files(folder: Path) -> Iterator[bytes]:
    columns = {
        "label": ["a", "b", "a"],
        "number": pa.array([1, 2, 3], pa.int32()),
        "real": pa.array([0.1, 2.5, -1e300]),
        "half": pa.array([0.1, 0.2, 0.3], pa.float32()),
        "text": pa.array(["x", "y", "x"]).dictionary_encode(),
    }
    for options in (
        {},
        {"compression": "gzip", "data_page_version": "2.0"},
        {"use_dictionary": False, "compression": "none"},
    ):
        pq.write_table(pa.table(columns), folder / "sample.parquet", **options)
        yield (folder / "sample.parquet").read_bytes()
    plenty = pa.table({"label": pa.array(["a"] * 200_000).dictionary_encode(), "n": pa.array([0] * 200_000)})
    pq.write_table(plenty, folder / "sample.parquet")
    yield (folder / "sample.parquet").read_bytes()


def _picture(kind: str) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.array([[0, 255], [128, 1]], dtype=np.uint8)).save(content, kind)
    return content.getvalue()


def _zips() -> Iterator[bytes]:
    labels = io.StringIO()
    csv.writer(labels).writerows([("file", "label"), ("one.png", "7"), ("b/two.jpg", "1")])
    files = {"labels.csv": labels.getvalue().encode(), "one.png": _picture("PNG"), "b/two.jpg": _picture("JPEG")}
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield to_zip(files, compression)
    yield to_zip({**files, "one.png": _picture("PNG") + bytes(2**22)}, zipfile.ZIP_DEFLATED)


def to_zip(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of them."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def _rezip(content: bytes) -> bytes:
    """What is between the magic numbers of a stored entry, with its CRC right in both of its headers."""
    begin = content.find(b"\x89PNG")
    end = content.find(b"PK", begin)
    found = content.find(b"one.png")
    if min(begin, found) < 30 or content[found - 30 : found - 26] != b"PK\x03\x04":
        return content
    crc = zlib.crc32(content[begin:end]).to_bytes(4, "little")
    old = content[found - 16 : found - 12]
    return content.replace(old, crc)
