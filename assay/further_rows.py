"""Further labelled rows for a rollout that holds: where a promoter finds what somebody has handed in."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from assay.output import say
from dataset import (
    DatasetError,
    DatasetMalformed,
    DatasetNotFound,
    LabelledRows,
    concatenate,
    read_csv_table,
    shared_rows,
    write_csv_table,
)
from promotion.rollout.orders import GivenRows, RowsUnreachable
from promotion.rollout.record import RolloutRecord

FETCH_SECONDS = 60.0
"""How long a store may take to give rows that are in it."""

LoadRows = Callable[[int, GivenRows], LabelledRows]
"""The rows that were handed in to a rollout, by its number. Raises DatasetError, RowsUnreachable."""


@dataclass(frozen=True, slots=True)
class RolloutRows:
    """The holdout of a rollout, and what was handed in since."""

    holdout: LabelledRows
    load: LoadRows | None

    def all_of(self, record: RolloutRecord) -> LabelledRows:
        """Everything that the next look judges. Raises DatasetError, RowsUnreachable."""
        if not record.further:
            return self.holdout
        return concatenate([self.holdout, *(self._load(record, given) for given in record.further)])

    def refuse(self, record: RolloutRecord, given: GivenRows) -> str | None:
        """Why `given` cannot be judged with the rows before; None where it can.

        A row that is there already would count twice, and two looks at it are no new evidence. Raises RowsUnreachable.
        """
        try:
            rows, before = self._load(record, given), self.all_of(record)
            concatenate([before, rows])
            shared = shared_rows(rows, before)
        except DatasetError as error:
            return str(error)
        if shared:
            row, there = shared[0]
            more = f", and {len(shared) - 1} more" if len(shared) > 1 else ""
            return f"its row {row + 1} is row {there + 1} of {before.name}{more}; expected rows that were not judged"
        return None

    def _load(self, record: RolloutRecord, given: GivenRows) -> LabelledRows:
        if self.load is None:
            raise DatasetNotFound(f"{given.name}: nothing can be handed in here")
        rows = replace(self.load(record.rollout_id, given), name=given.name)
        if rows.digest != given.digest:
            raise DatasetMalformed(f"{given.name} has the digest {rows.digest}, but {given.digest} was handed in")
        return rows


def rows_in_directory(directory: Path) -> LoadRows:
    """What was handed in on this machine, beside the rollout's record."""
    return lambda rollout_id, given: read_csv_table(rows_path(directory, rollout_id, given.digest))


def rows_in_store(store_url: str | None) -> LoadRows:
    """What was handed in through a content store."""

    def load(_rollout_id: int, given: GivenRows) -> LabelledRows:
        from content_store.content_name import Kind
        from content_store.errors import ContentStoreError
        from content_store.fetch import fetch_content

        if store_url is None:
            raise DatasetNotFound(f"{given.name}: this promoter knows no store of rows; expected --rows-from")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.csv"
            try:
                fetch_content(
                    store_url, given.digest, path, kind=Kind.HOLDOUT, timeout_seconds=FETCH_SECONDS, report=say
                )
            except ContentStoreError as error:
                raise RowsUnreachable(f"{given.name}: {error}") from error
            return read_csv_table(path)

    return load


def keep_rows(directory: Path, rollout_id: int, rows: LabelledRows) -> None:
    """Put rows where `rows_in_directory` finds them: all of them at once. Can be repeated. Raises OSError."""
    path = rows_path(directory, rollout_id, rows.digest)
    draft = path.with_suffix(".writing")
    write_csv_table(rows, draft)
    draft.replace(path)


def rows_path(directory: Path, rollout_id: int, digest: str) -> Path:
    """Where rows of a rollout are kept on this machine."""
    return directory / f"rows-{rollout_id:04d}-{digest.removeprefix('sha256:')[:12]}.csv"
