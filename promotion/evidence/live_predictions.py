"""What revisions answered in live traffic: the predictions that they recorded, as lines of JSON (docs/serving.md).

Only what a line says of its answers is read, whoever wrote it. What a gate asked itself is left out: it is no traffic.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from promotion.errors import PromotionError
from promotion.evidence.asked_predictor import REPLAY_ID


class LivePredictionsUnreadable(PromotionError):
    """A directory or a line that holds no recorded predictions; the message names it and what is expected."""


@dataclass
class LiveAnswers:
    """One bundle's answers to live requests, a row each."""

    labels: Counter[str] = field(default_factory=Counter)
    values: "array[float]" = field(default_factory=lambda: array("d"))

    @property
    def rows(self) -> int:
        """Of whichever kind the model answers with."""
        return self.labels.total() + len(self.values)


@dataclass(frozen=True)
class LivePredictions:
    """Everything that was recorded, by the bundle that answered."""

    by_bundle: dict[str, LiveAnswers]

    def of(self, bundle_digest: str) -> LiveAnswers:
        """That bundle's; without a row where it answered nothing."""
        return self.by_bundle.get(bundle_digest, LiveAnswers())

    @property
    def rows(self) -> int:
        """Of all bundles."""
        return sum(answers.rows for answers in self.by_bundle.values())


class _Line(BaseModel):
    model_config = ConfigDict(strict=True)

    key: str
    bundle_digest: str
    id: str = ""
    labels: list[str] = []
    values: list[float] = []


def read_live_predictions(directory: Path) -> LivePredictions:
    """The predictions in every .jsonl file below `directory`, each once. Raises LivePredictionsUnreadable.

    A last line without its end is being written, and left out.
    """
    files = sorted(directory.rglob("*.jsonl")) if directory.is_dir() else []
    if not files:
        raise LivePredictionsUnreadable(f"{directory}: no recorded predictions; expected .jsonl files")
    found: dict[str, LiveAnswers] = {}
    known: set[str] = set()
    for line in _lines(files):
        if line.key not in known and line.id != REPLAY_ID:
            known.add(line.key)
            answers = found.setdefault(line.bundle_digest, LiveAnswers())
            answers.labels.update(line.labels)
            answers.values.extend(line.values)
    return LivePredictions(found)


def _lines(files: Iterable[Path]) -> Iterator[_Line]:
    for path in files:
        try:
            with path.open("rb") as content:
                for number, line in enumerate(content, start=1):
                    if line.endswith(b"\n"):
                        yield _parse(line, path, number)
        except OSError as error:
            raise LivePredictionsUnreadable(f"{path} cannot be read: {error.strerror}") from error


def _parse(line: bytes, path: Path, number: int) -> _Line:
    try:
        return _Line.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the line"
        raise LivePredictionsUnreadable(
            f"{path}, line {number}: {where}: {first['msg']}; expected a recorded prediction"
        ) from error
