"""A zip of images with `labels.csv` (columns file and label) becomes rows of pixels.

Nothing of it is unpacked to the disk, so that no name in it can lead anywhere; names that try are refused all the same.
Sizes are what really comes out, whatever the zip's directory says of them. The images are grey ones of one size, those
of the data set where there is one: nothing is stretched, because a model learns what it will be asked.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bundle import ImageForm
from bundle.one_line import one_line
from console.errors import UploadMalformed, UploadTooLarge
from dataset import LabelledRows
from predictor.errors import ImageNotReadable
from predictor.images.decode import check_scans
from training.image_form import image_form

LABELS = "labels.csv"
_LABELS_BYTES = 64 * 2**20
_FORMATS = ("PNG", "JPEG")
_BYTES_FOR_PIXEL = 16  # the row, and its copy while rows become one array


def read_image_zip(
    path: Path, name: str, image_limit: int, image_bytes: int, memory_bytes: int, like: LabelledRows | None
) -> LabelledRows:
    """The rows, in the order of labels.csv. Raises UploadMalformed, naming the file or the line, and UploadTooLarge."""
    form = image_form(like) if like is not None else None
    if like is not None and form is None:
        raise UploadMalformed(f"{name}: a zip of images, but the data set's rows are no pictures; expected a CSV table")
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, name, image_limit)
            labels = dict(_read_labels(archive, members, name, image_limit))
            if missing := members.keys() - labels.keys() - {LABELS}:
                raise UploadMalformed(f"{name}: {min(missing)[:100]!r} has no line in {LABELS}")
            pictures: list[NDArray[np.float64]] = []
            size = (form.width, form.height) if form else None
            for file in labels:
                picture = _read_picture(_read(archive, members[file], image_bytes, name), file, name, size)
                size = picture.shape[1], picture.shape[0]
                if _BYTES_FOR_PIXEL * picture.size * len(labels) > memory_bytes:
                    raise UploadTooLarge(
                        f"{name}: {len(labels)} images of {picture.size} pixels; expected fewer at once"
                    )
                pictures.append(_scaled(picture, form))
    except (UploadMalformed, UploadTooLarge):
        raise
    except Exception as error:  # zipfile has many ways: BadZipFile, OSError, ValueError, OverflowError, struct.error
        raise UploadMalformed(f"{name}: not a whole zip: {one_line(error)}") from error
    names = like.feature_names if like else tuple(f"pixel{number}" for number in range(1, pictures[0].size + 1))
    output = like.output_feature if like else "label"
    return LabelledRows(name, np.stack(pictures), tuple(labels.values()), names, output)


def _members(archive: zipfile.ZipFile, name: str, image_limit: int) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        shown, parts = repr(member.filename[:100]), PurePosixPath(member.filename).parts
        if member.filename.endswith("/"):  # is_dir fails for a name that is empty
            continue
        if ".." in parts or member.filename.startswith("/") or "\\" in member.filename or "\x00" in member.filename:
            raise UploadMalformed(f"{name}: {shown} leads out of the zip; expected names of files in it")
        if member.flag_bits & 0x1:
            raise UploadMalformed(f"{name}: {shown} is encrypted")
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:  # others unpack without a bound
            kind = f"{shown} has the compression {member.compress_type}"
            raise UploadMalformed(f"{name}: {kind}; expected stored or deflated files")
        if member.filename in found:
            raise UploadMalformed(f"{name}: {shown} is in the zip twice")
        found[member.filename] = member
        if len(found) > image_limit + 1:
            raise UploadTooLarge(f"{name}: more than {image_limit} images")
    if LABELS not in found:
        raise UploadMalformed(f"{name}: no {LABELS} in the zip; expected one with the columns file and label")
    return found


def _read_labels(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str, image_limit: int
) -> Iterator[tuple[str, str]]:
    where = f"{name}, {LABELS}"
    try:
        text = _read(archive, members[LABELS], _LABELS_BYTES, name).decode("utf-8-sig")
        lines = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        if not {"file", "label"} <= set(lines.fieldnames or ()):
            raise UploadMalformed(f"{where}, line 1: {one_line(lines.fieldnames)}; expected the columns file and label")
        seen: set[str] = set()
        for line in lines:
            file, label = (line["file"] or "").strip(), (line["label"] or "").strip()
            at = f"{where}, line {lines.line_num}"
            if not file or not label or None in line:
                raise UploadMalformed(f"{at}: expected a file and its label")
            if file not in members or file == LABELS:
                raise UploadMalformed(f"{at}: there is no {file[:100]!r} in the zip")
            if file in seen or len(seen) == image_limit:
                raise UploadMalformed(f"{at}: {file[:100]!r} has a line already, or is one of too many")
            seen.add(file)
            yield file, label
        if not seen:
            raise UploadMalformed(f"{where}: a header, but no lines")
    except (UnicodeDecodeError, csv.Error) as error:
        raise UploadMalformed(f"{where}: not a CSV table: {one_line(error)}") from error


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit_bytes: int, name: str) -> bytes:
    with archive.open(member) as file:
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise UploadTooLarge(f"{name}: {member.filename[:100]!r} has more than {limit_bytes} bytes")
    return content


def _read_picture(content: bytes, file: str, name: str, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    where = f"{name}: {file[:100]!r}"
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            if size is not None and picture.size != size:  # known before it is decoded
                found, expected = (f"{width} x {height}" for width, height in (picture.size, size))
                raise UploadMalformed(f"{where} is {found} pixels; expected {expected}, as the others")
            if picture.size[0] * picture.size[1] > 2**20:
                raise UploadTooLarge(f"{where} has more than a million pixels")
            check_scans(picture, content)
            return np.asarray(picture.convert("L"))
    except (UploadMalformed, UploadTooLarge):
        raise
    except ImageNotReadable as error:
        raise UploadMalformed(f"{where}: {error}") from error
    except Exception as error:  # Pillow's decoders fail in many ways: OSError, SyntaxError, ValueError, struct.error
        raise UploadMalformed(f"{where} is no PNG or JPEG, or not whole") from error


def _scaled(picture: NDArray[np.uint8], form: ImageForm | None) -> NDArray[np.float64]:
    flat = picture.reshape(-1).astype(np.float64)
    if form is None:
        return flat
    scaled = flat * (form.scale / 255)
    return form.scale - scaled if form.invert else scaled
