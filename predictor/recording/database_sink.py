"""Records as rows of the database of records, which other rooms read and `assay db` makes."""

import logging
from collections.abc import Callable, Sequence

from open_inference.errors import ProtocolError
from predictor.log_lines import LOG
from predictor.recording.prediction_rows import prediction_rows
from predictor.recording.record import Record
from records.prediction_writer import PredictionRow, PredictionWriter


class DatabaseSink:
    """A RecordSink in the database whose URL `find_url` tells.

    It is asked with the first batch, and anew after every failure: the password may be another one by then.
    """

    def __init__(self, find_url: Callable[[], str]) -> None:
        self._find_url = find_url
        self._writer: PredictionWriter | None = None

    def write(self, batch: Sequence[Record]) -> None:
        """See RecordSink. Raises RecordsError."""
        rows = [row for record in batch for row in _rows(record)]
        if not rows:
            return
        try:
            self._writer = self._writer or PredictionWriter(self._find_url())
            self._writer.write(rows)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """See RecordSink."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _rows(record: Record) -> list[PredictionRow]:
    """None for what something else wrote into the spool: no database would ever take it."""
    try:
        return prediction_rows(record)
    except (KeyError, IndexError, TypeError, ValueError, ProtocolError) as error:
        logging.getLogger(LOG).error("the record %s is not of schema 1 and is lost: %r", record.key, error)
        return []
