"""Labelled rows from a Parquet file, by the rules of a CSV table: the same rows have the same digest in both.

What a column of text is, its texts say, as in a CSV: categories, or numbers. Numbers of a shorter precision than a
double are as short as names them, so that a 32-bit 0.1 is the 0.1 that it was in a table; truth values are the
categories `True` and `False`, which pandas writes for them.

A small file can name billions of rows. So what its footer claims is held against the limit first, and what comes, batch
by batch, against the limit and the footer. The only module that knows pyarrow.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import types

from dataset.csv_table import LABEL_COLUMN, is_number
from dataset.errors import DatasetMalformed, DatasetTooLarge
from dataset.labelled_rows import LabelledRows
from dataset.shown import named, quoted
from dataset.table_memory import table_memory

_BATCH_ROWS = 16_384
_FOOTER_LIMITS = {"thrift_string_size_limit": 64 * 2**20, "thrift_container_size_limit": 1_000_000}
_PANDAS_INDEX = "__index_level_"


def read_parquet(path: Path, memory_limit_bytes: int) -> LabelledRows:
    """Read `path`, as table_file.read_parquet_table says. Raises DatasetTooLarge, DatasetMalformed."""
    try:
        with pq.ParquetFile(path, **_FOOTER_LIMITS) as file:
            fields = list(file.schema_arrow)
        packed = [field.name for field in fields if _is_text(field.type)]  # each text once a batch
        with pq.ParquetFile(path, read_dictionary=packed, pre_buffer=False, **_FOOTER_LIMITS) as file:
            return _Reading(path, fields, memory_limit_bytes).read(file)
    except (pa.ArrowException, OSError) as error:
        said = str(error).partition("\n")[0] or type(error).__name__
        raise DatasetMalformed(f"{path}: not a whole Parquet file: {said}") from error


class _Reading:
    """One file on its way in."""

    def __init__(self, path: Path, fields: Sequence[pa.Field], limit_bytes: int) -> None:
        self._path, self._limit_bytes = path, limit_bytes
        names = [field.name.strip() for field in fields]
        _require_names(path, names)
        for name, field in zip(names, fields, strict=True):
            if not _is_text(field.type) and not _is_number(field.type):
                raise DatasetMalformed(
                    f"{path}, column {named(name)}: {named(str(field.type))}; expected numbers, texts or truth values"
                )
        self._label_at = names.index(LABEL_COLUMN) if LABEL_COLUMN in names else 0
        self._label_name = names.pop(self._label_at)
        kinds = [field.type for place, field in enumerate(fields) if place != self._label_at]
        self._columns = {
            name: _TextColumn() if _is_text(kind) else _NumberColumn() for name, kind in zip(names, kinds, strict=True)
        }
        self._labels: list[str] = []
        self._label_bytes = 0

    def read(self, file: pq.ParquetFile) -> LabelledRows:
        """All rows. Raises DatasetTooLarge, DatasetMalformed."""
        footer = file.metadata
        self._require_memory(footer.num_rows)
        unpacked = sum(footer.row_group(group).total_byte_size for group in range(footer.num_row_groups))
        if unpacked > self._limit_bytes:
            raise DatasetTooLarge(f"{self._path}: {unpacked} bytes unpacked; expected at most {self._limit_bytes}")
        for batch in file.iter_batches(_BATCH_ROWS, use_threads=False):
            self._add(batch.columns)
            self._require_memory(len(self._labels))
        if len(self._labels) != footer.num_rows:
            raise DatasetMalformed(f"{self._path}: {len(self._labels)} rows, but its footer names {footer.num_rows}")
        if not self._labels:
            raise DatasetMalformed(f"{self._path}: columns, but no rows")
        return self._finish()

    def _add(self, columns: Sequence[pa.Array]) -> None:
        labels = _labels(columns[self._label_at])
        self._labels += labels
        self._label_bytes += sum(map(len, labels))
        features = (*columns[: self._label_at], *columns[self._label_at + 1 :])
        for column, values in zip(self._columns.values(), features, strict=True):
            column.add(values)

    def _finish(self) -> LabelledRows:
        if "" in self._labels:
            row = self._labels.index("") + 1
            raise DatasetMalformed(f"{self._path}, row {row}, column {named(self._label_name)}: no label")
        features = np.empty((len(self._labels), len(self._columns)))
        categories: dict[str, tuple[str, ...]] = {}
        for place, (name, column) in enumerate(self._columns.items()):
            try:
                features[:, place], texts = column.finish()
            except _NotFinite as error:
                where = f"{self._path}, row {error.row + 1}, column {named(name)}"
                raise DatasetMalformed(f"{where}: {quoted(error.found)} is not a finite number{error.why}") from error
            categories.update({name: texts} if texts else {})
        return LabelledRows(
            name=self._path.name,
            features=features,
            labels=tuple(self._labels),
            feature_names=tuple(self._columns),
            output_feature=self._label_name,
            categories=categories,
        )

    def _require_memory(self, rows: int) -> None:
        text_bytes = self._label_bytes + sum(column.text_bytes for column in self._columns.values())
        width = len(self._columns) + 1
        needed = table_memory(rows=rows, cells=rows * width, text_bytes=text_bytes)
        if needed > self._limit_bytes:
            raise DatasetTooLarge(
                f"{self._path}: {rows} rows of {width} columns take {needed} bytes of memory; expected at most "
                f"{self._limit_bytes}"
            )


class _NotFinite(Exception):
    """The value `found` at `row`, from 0; `why` goes on behind it."""

    def __init__(self, row: int, found: str, why: str = "") -> None:
        super().__init__(found)
        self.row, self.found, self.why = row, found, why


class _NumberColumn:
    """Numbers, in the pieces in which they come."""

    text_bytes = 0

    def __init__(self) -> None:
        self._pieces: list[NDArray[np.float64]] = []

    def add(self, values: pa.Array) -> None:
        """The next rows; where there is no value, it is not a number."""
        self._pieces.append(_numbers(values))

    def finish(self) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """All of them, and no categories. Raises _NotFinite."""
        numbers = np.concatenate(self._pieces)
        if not (finite := np.isfinite(numbers)).all():
            row = int(finite.argmin())
            raise _NotFinite(row, str(numbers[row]))
        return numbers, ()


class _TextColumn:
    """Texts, each kept once, and which of them each row has."""

    def __init__(self) -> None:
        self.text_bytes = 0
        self._index_of: dict[str, int] = {}
        self._pieces: list[NDArray[np.int64]] = []

    def add(self, values: pa.Array) -> None:
        """The next rows; where there is no value, it is an empty text, as in a CSV."""
        known, places = _texts(values)
        self.text_bytes += int(np.array([len(text) for text in known])[places].sum())
        used = {
            int(place): self._index_of.setdefault(known[place], len(self._index_of))
            for place in dict.fromkeys(places.tolist())
        }
        own = np.array([used.get(place, -1) for place in range(len(known))], dtype=np.int64)
        self._pieces.append(own[places])

    def finish(self) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """The numbers; or the place of each text among the categories, and those. Raises _NotFinite."""
        texts, places = list(self._index_of), np.concatenate(self._pieces)  # texts in the order of their coming
        if texts[0] and not is_number(texts[0]):
            if any(map(is_number, texts)):
                raise _NotFinite(0, texts[0], ", as others of the column are")
            categories = sorted(texts)
            place_of = {text: place for place, text in enumerate(categories)}
            return np.array([place_of[text] for text in texts], dtype=np.float64)[places], tuple(categories)
        numbers = np.array([float(text) if is_number(text) else math.nan for text in texts])
        if not (finite := np.isfinite(numbers)).all():
            first = int(finite.argmin())
            raise _NotFinite(int((places == first).argmax()), texts[first])
        return numbers[places], ()


def _require_names(path: Path, names: Sequence[str]) -> None:
    if len(names) < 2:
        raise DatasetMalformed(f"{path}: {len(names)} columns; expected a label and at least one feature")
    for place, name in enumerate(names, start=1):
        if not name:
            raise DatasetMalformed(f"{path}: column {place} has no name")
        if name.startswith(_PANDAS_INDEX):
            raise DatasetMalformed(f"{path}, column {named(name)}: an index of pandas; write the file with index=False")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DatasetMalformed(f"{path}: two columns are named {quoted(twice)}")


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if types.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    value = _value_type(kind)
    return any(
        is_it(value) for is_it in (types.is_string, types.is_large_string, types.is_string_view, types.is_boolean)
    )


def _is_number(kind: pa.DataType) -> bool:
    value = _value_type(kind)
    return any(is_it(value) for is_it in (types.is_integer, types.is_floating, types.is_decimal))


def _texts(values: pa.Array) -> tuple[list[str], NDArray[np.int64]]:
    """What texts there are, the empty one last, and which of them each row has."""
    packed = values if types.is_dictionary(values.type) else values.dictionary_encode()
    known = [*(str(text).strip() for text in packed.dictionary.to_pylist()), ""]
    places = packed.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
    return known, places.astype(np.int64)


def _labels(values: pa.Array) -> list[str]:
    """Texts; of numbers as Python writes them, in the fewest digits that say them: 7, 7.0, 0.1."""
    if _is_text(values.type):
        known, places = _texts(values)
        return [known[place] for place in places.tolist()]
    if types.is_floating(_value_type(values.type)):
        is_there = values.is_valid().to_numpy(zero_copy_only=False).tolist()
        return [str(number) if known else "" for number, known in zip(_numbers(values).tolist(), is_there, strict=True)]
    return ["" if number is None else str(number) for number in values.to_pylist()]


def _numbers(values: pa.Array) -> NDArray[np.float64]:
    if types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if types.is_decimal(values.type):
        return np.array([math.nan if number is None else float(number) for number in values.to_pylist()])
    if values.null_count and types.is_integer(values.type):
        return np.array([math.nan if number is None else number for number in values.to_pylist()], dtype=np.float64)
    numbers: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    if numbers.dtype in (np.float32, np.float16) and not np.array_equal(numbers, np.rint(numbers)):
        return numbers.astype(np.str_).astype(np.float64)
    return numbers.astype(np.float64)
