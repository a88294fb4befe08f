"""The data set: parts of labelled rows that are added and never rewritten, with no row twice and none of the holdout's.

A part is a CSV file named by its digest, the keys of its rows beside it (row_keys.py), and a document that says when it
came and from whom. The document is written last: what has none is no part.
"""

import fcntl
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from console.documents import Documents
from console.errors import NotFound, Refused, StateNotUsable
from console.holdouts import Holdouts
from console.moments import now
from console.row_keys import row_keys, split_keys
from dataset import LabelledRows, read_csv_table, require_columns, shared_rows, write_csv_table

MOST_CLASSES = 200
"""That are counted for a part; labels of a regression are hardly ever alike."""


@dataclass(frozen=True, slots=True)
class DataPart:
    """A part of the data set."""

    number: int
    """From 1, in the order in which they came."""
    digest: str
    name: str
    """Of the file that it came as."""
    rows: int
    duplicates: int
    """Rows of that file that were there already, or twice in it, and are left out."""
    classes: Mapping[str, int]
    """Rows by label; empty where there are more than MOST_CLASSES labels."""
    source: str
    """upload, or feedback."""
    by: str
    added_at: str
    """ISO 8601, UTC."""
    received_digest: str
    """Of the file as it came, by which it is known when it comes again."""


_PARTS = Documents(TypeAdapter(DataPart))


@dataclass(frozen=True, slots=True)
class DataParts:
    """The parts in `directory`, which several programs may add to."""

    directory: Path
    holdouts: Holdouts

    def look(self) -> tuple[DataPart, ...]:
        """All parts, oldest first."""
        found = (_PARTS.read(path) for path in self.directory.glob("*.json"))
        return tuple(sorted((part for part in found if part is not None), key=lambda part: part.number))

    def find(self, digest: str) -> DataPart:
        """One of them. Raises NotFound."""
        part = next((part for part in self.look() if part.digest == digest), None)
        if part is None:
            raise NotFound(f"there is no data part {digest[:100]}")
        return part

    def path_of(self, digest: str) -> Path:
        """Its CSV file."""
        return self.directory / f"{digest.removeprefix('sha256:')}.csv"

    def read(self, digest: str) -> LabelledRows:
        """Its rows, of the part's name. Raises NotFound, DatasetError."""
        part = self.find(digest)
        return replace(read_csv_table(self.path_of(digest)), name=part.name)

    def columns(self) -> LabelledRows | None:
        """Rows whose columns every part has to have: the pinned holdout's, or the first part's; None before both."""
        pinned = self.holdouts.pinned()
        if pinned is not None:
            return self.holdouts.read(pinned.digest)
        parts = self.look()
        return self.read(parts[0].digest) if parts else None

    def add(self, rows: LabelledRows, by: str, source: str = "upload") -> tuple[DataPart, bool]:
        """Keep what is new of `rows` as a part, and whether there is one now that was not before. Can be repeated.

        Raises DatasetMalformed for other columns; Refused where a row stands in the pinned holdout, or none is new.
        """
        with self._alone():
            known = self.look()
            if (before := next((part for part in known if part.received_digest == rows.digest), None)) is not None:
                return before, False
            if (like := self.columns()) is not None:
                require_columns(rows, like.feature_names, like.name, like.categories)
            if (pinned := self.holdouts.pinned()) is not None:
                refuse_shared_rows(rows, self.holdouts.read(pinned.digest), "the holdout")
            return self._keep(rows, known, by, source), True

    def known_rows(self, rows: LabelledRows) -> set[int]:
        """Which of `rows`, by index, are in the data set already with the same label, or stand before in `rows`."""
        seen = {key for part in self.look() for key in split_keys(self._keys_file(part.digest).read_bytes())}
        known = set()
        for index, key in enumerate(row_keys(rows)):
            if key in seen:
                known.add(index)
            seen.add(key)
        return known

    def refuse_known_rows(self, holdout: LabelledRows) -> None:
        """Raise Refused where a row of `holdout` stands in a part: something has learned from it, or will."""
        for part in self.look():
            refuse_shared_rows(holdout, self.read(part.digest), f"the data part {part.number}")

    def _keep(self, rows: LabelledRows, known: tuple[DataPart, ...], by: str, source: str) -> DataPart:
        fresh = sorted(set(range(len(rows))) - self.known_rows(rows))
        if not fresh:
            raise Refused(f"{rows.name}: all {len(rows)} rows are in the data set already")
        features = np.ascontiguousarray(rows.features[fresh])
        kept = replace(rows, features=features, labels=tuple(rows.labels[index] for index in fresh))
        classes = Counter(kept.labels)
        part = DataPart(
            number=max((one.number for one in known), default=0) + 1,
            digest=kept.digest,
            name=rows.name,
            rows=len(kept),
            duplicates=len(rows) - len(kept),
            classes={label: classes[label] for label in kept.classes} if len(classes) <= MOST_CLASSES else {},
            source=source,
            by=by,
            added_at=now(),
            received_digest=rows.digest,
        )
        self._write(kept, part, b"".join(row_keys(kept)))
        return part

    def _write(self, kept: LabelledRows, part: DataPart, keys: bytes) -> None:
        path = self.path_of(part.digest)
        draft = path.with_suffix(".writing")
        try:
            write_csv_table(kept, draft)
            draft.replace(path)
            self._keys_file(part.digest).write_bytes(keys)
        except OSError as error:
            raise StateNotUsable(f"{path} cannot be written: {error.strerror}") from error
        _PARTS.write(path.with_suffix(".json"), part)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else adds meanwhile: neither a request of the same console nor another program."""
        path = self.directory / "lock"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            lock = path.open("wb")
        except OSError as error:
            raise StateNotUsable(f"{path} cannot be written: {error.strerror}") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _keys_file(self, digest: str) -> Path:
        return self.path_of(digest).with_suffix(".keys")


def refuse_shared_rows(rows: LabelledRows, others: LabelledRows, named: str) -> None:
    """Raise Refused where a row of `rows` stands in `others`, which a person knows as `named`."""
    require_columns(rows, others.feature_names, named, others.categories)
    if shared := shared_rows(rows, others):
        row, other = shared[0]
        raise Refused(
            f"{rows.name}: {len(shared)} of its {len(rows)} rows stand in {named}, the first is row {row + 1} "
            f"(row {other + 1} there); what is measured on is never learned from"
        )
