"""Rows of predictions, of which each is known again by its number."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from records.prediction_writer import PredictionRow

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def make_rows(numbers: Iterable[int], at: datetime = NOW) -> list[PredictionRow]:
    """One a number, a second apart from `at` on."""
    return [
        PredictionRow(
            answered_at=at + timedelta(seconds=number),
            key=f"process-{number}",
            row=0,
            request_id=f"request-{number}",
            client_request_id="a\0b" if number == 1 else None,
            client=None,
            model="digits",
            version="1",
            revision="r1",
            bundle_digest="sha256:0",
            transport="rest",
            door="/classify",
            seconds=0.001 * number,
            rows=1,
            is_cut=False,
            label="abc"[number % 3],
            label_index=number % 3,
            probability=0.5,
            value=None,
            inputs=bytes([number % 256]) * 4,
            inputs_form=[{"name": "features", "datatype": "FP32", "shape": [1], "bytes": 4}],
            outputs=b"",
            outputs_form=[],
        )
        for number in numbers
    ]
