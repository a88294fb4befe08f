"""What POST /forward_batch and POST /evaluate take: CSV, or a ZIP of pictures. The first bytes tell which."""

from collections.abc import Iterator

from predictor.errors import RequestRefused
from predictor.files.archive import ZIP_START
from predictor.files.csv_file import csv_pieces
from predictor.files.piece import FileLimits, Piece
from predictor.files.zip_file import zip_pieces
from predictor.served_model import ServedModel


def read_pieces(content: bytes, model: ServedModel, limits: FileLimits, *, with_labels: bool) -> Iterator[Piece]:
    """The rows of a file in its order, for this model, with their labels if asked.

    Opening a file, going on to its next piece and reading a piece all raise RequestRefused, and BodyTooLarge over a
    limit; the text names the line or the picture.
    """
    if model.manifest.task != "classification":
        raise RequestRefused(f"{model.identity.model} has the task {model.manifest.task}; expected a classification")
    read = zip_pieces if content.startswith(ZIP_START) else csv_pieces
    return read(content, model, limits, with_labels=with_labels)
