"""Records as rows of the database of records, which other rooms read and `assay db` makes."""

from collections.abc import Callable, Sequence

from predictor.recording.prediction_rows import prediction_rows
from predictor.recording.record import Record
from records.prediction_writer import PredictionWriter


class DatabaseSink:
    """A RecordSink in the database whose URL `find_url` tells.

    It is asked with the first batch, and anew after every failure: the password may be another one by then.
    """

    def __init__(self, find_url: Callable[[], str]) -> None:
        self._find_url = find_url
        self._writer: PredictionWriter | None = None

    def write(self, batch: Sequence[Record]) -> None:
        """See RecordSink. Raises RecordsError."""
        rows = [row for record in batch for row in prediction_rows(record)]
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
