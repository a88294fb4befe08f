"""A ZIP of pictures in pieces. `labels.csv` has a line `name,label` for each of them, with or without a header."""

import csv
import io
from collections.abc import Iterator, Sequence
from functools import partial
from math import prod

import numpy as np

from open_inference import InferRequest
from open_inference.json_object import quote
from predictor.errors import BodyTooLarge, ImageNotReadable, RequestRefused
from predictor.files.archive import Archive, last_part
from predictor.files.piece import FileLimits, Piece, check_label
from predictor.images.picture import read_picture
from predictor.served_model import ServedModel

_LABELS = "labels.csv"
_MOST_SAMPLES = 4 * 2**20  # in one piece: 16 MiB of FP32


def zip_pieces(content: bytes, model: ServedModel, limits: FileLimits, *, with_labels: bool) -> Iterator[Piece]:
    """See read_pieces."""
    form = model.manifest.image
    if form is None:
        raise RequestRefused("the model takes no pictures: its manifest does not say how; expected CSV")
    archive = Archive(content, limits)
    names = [name for name in archive.names if name != _LABELS]
    limits.check_rows(len(names))
    if not names:
        raise RequestRefused("the archive has no picture; expected PNG or JPEG files")
    labels: dict[str, str] = {}
    if with_labels:
        if _LABELS not in archive.names:
            raise RequestRefused(f"the archive has no {_LABELS}; expected one with a line name,label for each picture")
        labels = _read_labels(archive.unpack(_LABELS), names, model.manifest.classes)
        names = list(labels)
    count = max(1, min(limits.rows_of_piece, _MOST_SAMPLES // prod(form.shape())))
    for start in range(0, len(names), count):
        part = names[start : start + count]
        read = partial(_read, archive, part, model, limits.pixels)
        yield Piece(read, names=part, labels=[labels[name] for name in part] if with_labels else ())


def _read(archive: Archive, names: Sequence[str], model: ServedModel, pixel_limit: int) -> InferRequest:
    rows = []
    for name in names:
        try:
            picture = read_picture(archive.unpack(name), model.manifest, pixel_limit=pixel_limit)
        except (ImageNotReadable, BodyTooLarge) as error:
            raise type(error)(f"{quote(name)}: {error}") from error
        rows.append(picture.values)
    return model.request_for(np.concatenate(rows))


def _read_labels(content: bytes, pictures: Sequence[str], classes: Sequence[str]) -> dict[str, str]:
    known, labels = set(pictures), dict[str, str]()
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        for fields in reader:
            place = f"{_LABELS}, line {reader.line_num}"
            if not fields:
                continue
            if len(fields) != 2:
                raise RequestRefused(f"{place} has {len(fields)} fields; expected name,label")
            name, label = last_part(fields[0].strip()), fields[1].strip()
            if not labels and name not in known and label not in classes:
                continue  # a header
            if name not in known or name in labels:
                found = "twice" if name in labels else "that is not in the archive"
                raise RequestRefused(f"{place} has the picture {quote(name)} {found}; expected each one once")
            labels[name] = check_label(label, classes, place)
    except UnicodeDecodeError as error:
        raise RequestRefused(f"{_LABELS} is not UTF-8 at byte {error.start}") from error
    except csv.Error as error:
        raise RequestRefused(f"{_LABELS}, line {reader.line_num} is not CSV: {error}") from error
    missing = next((name for name in pictures if name not in labels), None)
    if missing is not None:
        raise RequestRefused(f"{_LABELS} has no line for {quote(missing)}; expected one for each picture")
    return labels
