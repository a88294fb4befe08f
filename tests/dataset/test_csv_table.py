"""Files that are read, in every form that is promised."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from dataset import DatasetError, LabelledRows, read_csv_table, write_csv_table
from tests.dataset.conftest import WriteFile
from tests.dataset.tables import tables


def test_fashion_mnists_form_is_read_as_it_stands(write_file: WriteFile) -> None:
    header = ",".join(["label", *(f"pixel{number}" for number in range(1, 785))])
    lines = [header, ",".join(["9", *["0"] * 783, "255"]), ",".join(["0", *["7"] * 784])]
    rows = read_csv_table(write_file("\n".join(lines) + "\n"))
    assert rows.features.shape == (2, 784)
    assert rows.features[0, -1] == 255
    assert rows.features[1].tolist() == [7.0] * 784
    assert rows.labels == ("9", "0")
    assert rows.classes == ("0", "9")
    assert rows.feature_names[::783] == ("pixel1", "pixel784")
    assert rows.output_feature == "label"
    assert rows.name == "rows.csv"


def test_the_label_is_found_by_its_name(write_file: WriteFile) -> None:
    rows = read_csv_table(write_file("width,label,height\n1,cat,2\n3,dog,4\n"))
    assert rows.labels == ("cat", "dog")
    assert rows.feature_names == ("width", "height")
    assert rows.features.tolist() == [[1, 2], [3, 4]]


def test_the_label_is_the_first_column_where_none_is_named_so(write_file: WriteFile) -> None:
    rows = read_csv_table(write_file("animal,width,height\ncat,1,2\n"))
    assert rows.output_feature == "animal"
    assert rows.labels == ("cat",)
    assert rows.feature_names == ("width", "height")


def test_a_gzipped_file_is_the_same_data(write_file: WriteFile) -> None:
    content = b"label,a\n1,2\n"
    plain = read_csv_table(write_file(content))
    gzipped = read_csv_table(write_file(gzip.compress(content), "rows.csv.gz"))
    assert gzipped.digest == plain.digest


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbflabel,a,b\n0,1.5,-2e3\n", id="a byte order mark"),
        pytest.param(b"label,a,b\r\n0,1.5,-2e3\r\n", id="lines end as on Windows"),
        pytest.param(b"label,a,b\n0,1.5,-2e3", id="no end of the last line"),
        pytest.param(b"label,a,b\n\n0,1.5,-2e3\n\n\n", id="blank lines"),
        pytest.param(b' label , a,b \n"0", 1.5 ,-2000.0\n', id="quotes and spaces"),
    ],
)
def test_the_same_rows_in_another_form_of_csv_are_the_same_data(write_file: WriteFile, content: bytes) -> None:
    assert read_csv_table(write_file(content)).digest == read_csv_table(write_file("label,a,b\n0,1.5,-2e3\n")).digest


@given(rows=tables())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_back_with_the_same_digest(rows: LabelledRows, tmp_path: Path) -> None:
    path = tmp_path / "written.csv"
    write_csv_table(rows, path)
    assert read_csv_table(path).digest == rows.digest


def test_a_table_that_cannot_be_written_is_an_error_in_one_line(write_file: WriteFile, tmp_path: Path) -> None:
    rows = read_csv_table(write_file("label,a\n0,1\n"))
    with pytest.raises(DatasetError) as refused:
        write_csv_table(rows, tmp_path / "no-such-folder" / "rows.csv")
    assert str(refused.value).endswith("rows.csv: cannot be written: No such file or directory")
