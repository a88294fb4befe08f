"""The files of recorded predictions, read as they grow: `DIR/worker-0/predictions.jsonl` and those put aside.

What a predictor writes, docs/serving.md describes; nothing else is shared with it. What a gate asked is left out. A
file keeps its name only until it has its size, so it is known by its first line, which no other file has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from bundle.one_line import one_line
from promotion.evidence.asked_predictor import REPLAY_ID
from promotion.recorded.answers import AnswersOfBoth, RecordedAnswer, RecordsMissing, RolloutAnswers

SCHEMA = 1
_START_BYTES = 128  # of a line; it begins with the record's key


@dataclass(slots=True)
class RecordedPredictions:
    """An AnswerSource of what predictors write into directories."""

    directories: Sequence[Path]
    """The DIR of each predictor's ASSAY_RECORD; both may have the same."""
    of: RolloutAnswers
    answers: AnswersOfBoth = field(default_factory=AnswersOfBoth, init=False)
    _read: dict[bytes, int] = field(default_factory=dict, init=False)

    def read(self) -> None:
        """See AnswerSource."""
        for path in self._paths():
            try:
                for line in self._new_lines(path):
                    self._take(line, path)
            except FileNotFoundError:
                continue  # put aside, or thrown away, since it was listed
            except OSError as error:
                raise RecordsMissing(f"{path} cannot be read: {error.strerror}") from error

    def _paths(self) -> Iterator[Path]:
        for directory in self.directories:
            if not directory.is_dir():
                text = "no directory; expected the DIR of ASSAY_RECORD=jsonl:DIR, as the predictors have it"
                raise RecordsMissing(f"{directory}: {text}")
            yield from sorted(directory.glob("worker-*/predictions*.jsonl"))

    def _new_lines(self, path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
            if len(start) < _START_BYTES:
                return  # not one record yet
            offset = file.seek(self._read.get(start, 0))
            for line in file:
                if not line.endswith(b"\n"):
                    return  # the rest of it is still to be written
                offset += len(line)
                self._read[start] = offset
                yield line

    def _take(self, line: bytes, path: Path) -> None:
        try:
            record: dict[str, Any] = orjson.loads(line)
            if record["schema"] != SCHEMA:
                found = one_line(record["schema"])
                raise RecordsMissing(f"{path} has records of schema {found}; this version reads {SCHEMA}")
            at = datetime.fromisoformat(record["time"]).timestamp()
            role = self.of.role_of(record["bundle_digest"])
            is_meant = role is not None and at >= self.of.since and record.get("id") != REPLAY_ID
            if role is not None and is_meant and "labels" in record:
                request_id, labels = record["request_id"], record["labels"]
                if not isinstance(labels, list) or not all(isinstance(text, str) for text in (request_id, *labels)):
                    raise TypeError("request_id and labels are not all texts")
                self.answers.add(role, RecordedAnswer(request_id, at, tuple(labels)))
        except (KeyError, TypeError, ValueError) as error:
            raise RecordsMissing(f"{path} has a line that is no recorded prediction: {one_line(error)}") from error
