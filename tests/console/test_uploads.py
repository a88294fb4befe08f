"""Files that people send become rows, or are refused with the place of what is wrong in them."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image
from pyarrow import csv as pa_csv

from console.errors import UploadMalformed, UploadTooLarge
from console.uploads import UploadLimits, read_labelled_file
from dataset import LabelledRows, read_csv_table
from tests.fuzz.parsers.pictures import jpeg_of_scans

LIMITS = UploadLimits(file_bytes=2**20, memory_bytes=2**20, images=20, image_bytes=2**14)
TABLE = b"label,pixel1,pixel2,pixel3,pixel4\n7,0,1,2,3\n1,4,5,6,7\n"


def png(values: NDArray[np.uint8]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(values).save(content, "PNG")
    return content.getvalue()


PICTURE = png(np.array([[0, 255], [128, 1]], dtype=np.uint8))


def zipped(*files: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return content.getvalue()


def to_parquet(table: bytes) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa_csv.read_csv(io.BytesIO(table)), content)
    return content.getvalue()


def read(tmp_path: Path, content: bytes, like: LabelledRows | None = None) -> LabelledRows:
    (tmp_path / "received").write_bytes(content)
    return read_labelled_file(tmp_path / "received", "sent.file", LIMITS, like, tmp_path)


def rows_of_pictures(scale: float) -> LabelledRows:
    names = tuple(f"pixel_{row}_{column}" for row in range(2) for column in range(2))
    return LabelledRows("known", np.array([[0.0, 1.0, 2.0, scale]]), ("7",), names)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, to_parquet], ids=["plain", "gzipped", "Parquet"])
def test_a_table_is_read_in_each_of_its_forms(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    rows = read(tmp_path, pack(TABLE))
    assert (rows.name, rows.labels) == ("sent.file", ("7", "1"))
    (tmp_path / "plain.csv").write_bytes(TABLE)
    assert rows.digest == read_csv_table(tmp_path / "plain.csv").digest


def test_pictures_become_rows_of_pixels(tmp_path: Path) -> None:
    content = zipped(
        ("labels.csv", b"file,label\nb/two.png,1\none.png,7\n"), ("one.png", PICTURE), ("b/two.png", PICTURE)
    )
    rows = read(tmp_path, content)
    assert rows.labels == ("1", "7")
    assert rows.feature_names == ("pixel1", "pixel2", "pixel3", "pixel4")
    assert rows.features.tolist() == [[0, 255, 128, 1]] * 2


def test_pictures_are_scaled_as_the_data_set_is(tmp_path: Path) -> None:
    rows = read(
        tmp_path, zipped(("labels.csv", b"file,label\none.png,7\n"), ("one.png", PICTURE)), rows_of_pictures(16)
    )
    assert rows.feature_names[-1] == "pixel_1_1"
    assert rows.features.tolist()[0] == pytest.approx([0, 16, 128 * 16 / 255, 16 / 255])


LABELS = ("labels.csv", b"file,label\none.png,7\n")
ONE = ("one.png", PICTURE)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"label,a\n1,2\n2\n", "sent.file, line 3: 1 columns, but the header names 2"),
        (b"label,a\n1,2\n2,x\n", "sent.file, line 3, column a: 'x' is not a finite number"),
        (b"\x1f\x8b" + bytes(40), "sent.file: not a whole gzip file"),
        (gzip.compress(TABLE)[:-9], "sent.file: not a whole gzip file"),
        (to_parquet(TABLE)[:-9], "sent.file: not a whole Parquet file"),
        (to_parquet(b"label,a\n1,2\n2,\n"), "sent.file, row 2, column a: 'nan' is not a finite number"),
        (b"PK\x03\x04" + bytes(40), "sent.file: not a whole zip"),
        (zipped(ONE), "no labels.csv in the zip"),
        (zipped(LABELS), "labels.csv, line 2: there is no 'one.png' in the zip"),
        (zipped(LABELS, ONE, ("two.png", PICTURE)), "'two.png' has no line in labels.csv"),
        (
            zipped(("labels.csv", b"name,label\n"), ONE),
            "line 1: ['name', 'label']; expected the columns file and label",
        ),
        (zipped(("labels.csv", b"file,label\none.png,7\none.png,1\n"), ONE), "line 3: 'one.png' has a line already"),
        (zipped(("labels.csv", b"file,label\none.png,\n"), ONE), "line 2: expected a file and its label"),
        (zipped(LABELS, ("one.png", b"<svg/>")), "'one.png' is no PNG or JPEG, or not whole"),
        (zipped(LABELS, ("one.png", PICTURE[:45])), "'one.png' is no PNG or JPEG, or not whole"),
        (zipped(LABELS, ONE, ("../two.png", PICTURE)), "'../two.png' leads out of the zip"),
        (zipped(LABELS, ONE, ("/etc/passwd", PICTURE)), "'/etc/passwd' leads out of the zip"),
        (zipped(LABELS, ONE, ("a\\..\\b", PICTURE)), "leads out of the zip"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_malformed_file_is_refused_with_the_place(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UploadMalformed) as refused:
        read(tmp_path, content)
    assert said in str(refused.value)


def test_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    wide = png(np.zeros((2, 3), dtype=np.uint8))
    both = zipped(("labels.csv", b"file,label\none.png,7\nw.png,1\n"), ONE, ("w.png", wide))
    with pytest.raises(UploadMalformed, match=r"'w.png' is 3 x 2 pixels; expected 2 x 2"):
        read(tmp_path, both)
    table = LabelledRows("known", np.array([[-1.0]]), ("7",), ("height",))
    with pytest.raises(UploadMalformed, match="the data set's rows are no pictures"):
        read(tmp_path, zipped(LABELS, ONE), table)


def test_what_unpacks_to_more_than_the_limit_is_refused_before_it_is_there(tmp_path: Path) -> None:
    bomb = gzip.compress(b"label,a\n" + b"1,2\n" * 10**6)
    assert len(bomb) < 20_000
    with pytest.raises(UploadTooLarge, match=r"sent.file: after \d+ rows the table takes"):
        read(tmp_path, bomb)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2 * 2**20
    with pytest.raises(UploadTooLarge, match=r"sent.file: 10000 rows of 2 columns take \d+ bytes"):
        read(tmp_path, to_parquet(b"label,a\n" + b"1,2\n" * 10**4))
    with pytest.raises(UploadTooLarge, match=r"'one\.png' has more than 16384 bytes"):
        read(tmp_path, zipped(LABELS, ("one.png", bytes(10**7))))
    many = [(f"{number}.png", PICTURE) for number in range(30)]
    with pytest.raises(UploadTooLarge, match="more than 20 images"):
        read(tmp_path, zipped(LABELS, *many))


def test_a_picture_with_a_bomb_of_scans_is_not_decoded(tmp_path: Path) -> None:
    with pytest.raises(UploadMalformed, match=r"'one\.png': the picture has 205 scans; expected at most 100"):
        read(tmp_path, zipped(LABELS, ("one.png", jpeg_of_scans(200))))


def test_a_picture_with_a_bomb_of_pixels_is_not_decoded(tmp_path: Path) -> None:
    large = png(np.zeros((1500, 1500), dtype=np.uint8))
    assert len(large) < LIMITS.image_bytes
    with pytest.raises(UploadTooLarge, match="more than a million pixels"):
        read(tmp_path, zipped(LABELS, ("one.png", large)))
