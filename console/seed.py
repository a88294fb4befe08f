"""What a console begins with, where its state directory does not have it yet."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from console.services import Services
from dataset import LabelledRows, write_csv_table


@dataclass(frozen=True, slots=True)
class Seed:
    """Rows to measure on, and to learn from."""

    holdout: LabelledRows | None = None
    parts: tuple[LabelledRows, ...] = ()


def plant(seed: Seed, services: Services, report: Callable[[str], None]) -> None:
    """Add what is not there; `report` is told of what was. Can be repeated. Raises RequestError, DatasetError."""
    if seed.holdout is not None and services.holdouts.pinned() is None:
        with tempfile.TemporaryDirectory(prefix="assay-") as folder:
            table = Path(folder) / "holdout.csv"
            write_csv_table(seed.holdout, table)
            services.holdouts.add(table, seed.holdout.name, services.data.refuse_known_rows)
        report(f"the holdout is {seed.holdout.name}, {len(seed.holdout)} rows")
    for rows in seed.parts:
        part, is_new = services.data.add(rows, by="the console's start")
        if is_new:
            report(f"data part {part.number} is {part.name}, {part.rows} rows")
