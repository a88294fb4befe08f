"""Where labels are kept that were handed in: `labels-0001-0001.json` and so on, beside the rollout's record.

A file holds what was handed in at once, is whole or not there, and never changes. Of two labels for a row the first
stands, so that labels which are handed in again change nothing.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from promotion.recorded.answers import LabelsRefused
from promotion.recorded.labels import GivenLabel, TrueLabel


@dataclass(frozen=True, slots=True)
class LabelDocument:
    """What was handed in at once."""

    rollout_id: int
    by: str
    """Who did it, such as ann@workstation."""
    at: float
    """Seconds since the epoch."""
    labels: tuple[TrueLabel, ...]


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What became of a file of labels."""

    new: int
    known: int
    """They were there already, and say the same."""
    contradicting: int
    """They were there already, with another label, which stands."""


_DOCUMENT = TypeAdapter(LabelDocument)


@dataclass(slots=True)
class FileLabels:
    """The labels of one rollout, kept in the directory of a FileRolloutStore; read as more of them come."""

    directory: Path
    rollout_id: int
    given: dict[tuple[str, int], GivenLabel] = field(default_factory=dict, init=False)
    """By request id and row, as of the last `read`."""
    _read: int = field(default=0, init=False)

    def read(self) -> bool:
        """Take in what was handed in since the last call; whether there was anything. Raises LabelsRefused."""
        before = self._read
        for document in self._new_documents():
            for one in document.labels:
                self.given.setdefault((one.request_id, one.row), GivenLabel(one.label, document.at))
        return self._read > before

    def hand_in(self, labels: Sequence[TrueLabel], by: str, at: float) -> HandedIn:
        """Keep `labels`; what is known already is left out. Raises LabelsRefused. Can be repeated."""
        while True:
            self.read()
            known = [one for one in labels if (one.request_id, one.row) in self.given]
            new = {(one.request_id, one.row): one for one in reversed(labels)}  # the first of a row
            for one in known:
                new.pop((one.request_id, one.row), None)
            contradicting = sum(self.given[one.request_id, one.row].label != one.label for one in known)
            contradicting += sum(
                new[key].label != one.label for one in labels if (key := (one.request_id, one.row)) in new
            )
            if not new or self._keep(LabelDocument(self.rollout_id, by, at, tuple(new.values()))):
                return HandedIn(len(new), len(labels) - len(new) - contradicting, contradicting)

    def _keep(self, document: LabelDocument) -> bool:
        """Whether the next number was free."""
        path = self._path(self._read + 1)
        draft = path.with_suffix(f".{os.getpid()}.writing")
        try:
            with draft.open("wb") as file:
                file.write(_DOCUMENT.dump_json(document))
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(draft)
        except FileExistsError:
            return False
        except OSError as error:
            raise LabelsRefused(f"{path} cannot be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                draft.unlink()
        return True

    def _new_documents(self) -> Iterator[LabelDocument]:
        while True:
            path = self._path(self._read + 1)
            try:
                document = _DOCUMENT.validate_json(path.read_bytes())
            except FileNotFoundError:
                return
            except OSError as error:
                raise LabelsRefused(f"{path} cannot be read: {error.strerror}") from error
            except ValidationError as error:
                raise LabelsRefused(f"{path} holds no labels: {error.errors()[0]['msg']}") from error
            self._read += 1
            yield document

    def _path(self, number: int) -> Path:
        return self.directory / f"labels-{self.rollout_id:04d}-{number:04d}.json"
