"""Files that are refused: each gets one line that names file, line and column."""

import gzip
import re
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dataset import DatasetMalformed, DatasetNotFound, read_csv_table
from tests.dataset.conftest import WriteFile
from tests.dataset.system_limits import lowered

MALFORMED = {
    "an empty file": ("", ": empty; expected a header line such as label,pixel1,pixel2"),
    "a header only": ("label,a\n", ": a header, but no rows"),
    "a header and blank lines": ("label,a\n\n\n", ": a header, but no rows"),
    "no header": ("7,0,255\n3,9,1\n", ", line 1: numbers; expected a header line such as label,pixel1,pixel2"),
    "one column": ("label\n1\n", ", line 1: one column 'label'; expected a label and at least one feature"),
    "semicolons": ("label;a\n1;2\n", ", line 1: one column 'label;a'; expected a label and at least one feature"),
    "two columns of one name": ("label,a,b,a\n1,2,3,4\n", ", line 1: two columns are named 'a'"),
    "two label columns": ("label,a,label\n1,2,3\n", ", line 1: two columns are named 'label'"),
    "a column without a name": ("label,a,,b\n1,2,3,4\n", ", line 1: column 3 has no name"),
    "a row too short": ("label,a,b\n1,2,3\n1,2\n", ", line 3: 2 columns, but the header names 3"),
    "a row too long": ("label,a,b\n1,2,3,4\n", ", line 2: 4 columns, but the header names 3"),
    "text in a pixel": ("label,a,b\n1,2,3\n1,2,x\n", ", line 3, column b: 'x' is not a finite number"),
    "an empty pixel": ("label,a,b\n1,,3\n", ", line 2, column a: '' is not a finite number"),
    "not a number": ("label,a\n1,2\n1,nan\n", ", line 3, column a: 'nan' is not a finite number"),
    "infinity": ("a,label\n-inf,1\n", ", line 2, column a: '-inf' is not a finite number"),
    "beyond a double": ("label,a\n1,1e999\n", ", line 2, column a: '1e999' is not a finite number"),
    "no label": ("label,a\n1,2\n,3\n", ", line 3, column label: no label"),
    "a blank label": ("a,label,b\n2,  ,3\n", ", line 2, column label: no label"),
    "text behind a quote": ('label,a\n0,1\n"0"x,1\n', ", line 3: not a CSV table: ',' expected after '\"'"),
    "a quote without an end": ('label,a\n0,1\n"0,1\n', ", line 3: not a CSV table: unexpected end of data"),
    "Latin-1": ("label,a\n1,2\ncafé,3\n".encode("latin-1"), ", line 3: not UTF-8 text"),
    "UTF-16": ("label,a\n1,2\n".encode("utf-16"), ", line 1: not UTF-8 text"),
    "gzip under another name": (gzip.compress(b"label,a\n1,2\n"), ", line 1: not UTF-8 text"),
}


@pytest.mark.parametrize(("content", "expected"), MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("is_gzipped", [False, True], ids=["plain", "gzipped"])
def test_a_malformed_table_is_refused_with_file_line_and_column(
    write_file: WriteFile, content: str | bytes, expected: str, is_gzipped: bool
) -> None:
    content = content.encode() if isinstance(content, str) else content
    path = write_file(gzip.compress(content), "rows.csv.gz") if is_gzipped else write_file(content)
    with pytest.raises(DatasetMalformed) as refused:
        read_csv_table(path)
    assert str(refused.value) == f"{path}{expected}"


@given(
    before=st.lists(st.sampled_from(["1,2,3\n", "\n", '"a\nb",2,3\n', '"a\r\n\r\nb",2,3\r\n', "é,2,3\n"]), max_size=8),
    bad=st.sampled_from(["1,2\n", "1,2,x\n", ",2,3\n", '"1"x,2,3\n', "\xff,2,3\n"]),
)
@example(before=["1,2,3\n"] * 4000, bad="\xff,2,3\n")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_line_is_the_one_that_an_editor_shows(write_file: WriteFile, before: list[str], bad: str) -> None:
    text = "label,a,b\n" + "".join(before)
    path = write_file(text.encode() + bad.encode("latin-1") + b"1,2,3\n")
    with pytest.raises(DatasetMalformed) as refused:
        read_csv_table(path)
    assert re.match(re.escape(f"{path}, line {text.count(chr(10)) + 1}") + "[,:] ", str(refused.value))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content[: len(content) // 2], id="cut off"),
        pytest.param(lambda content: content[:-8] + bytes(8), id="a wrong checksum"),
        pytest.param(lambda content: content[:30] + b"\xff\xff\xff" + content[33:], id="changed inside"),
        pytest.param(gzip.decompress, id="not compressed at all"),
    ],
)
def test_a_broken_gzip_file_is_named_in_one_line(write_file: WriteFile, damage: Callable[[bytes], bytes]) -> None:
    content = gzip.compress(b"label,a\n" + b"".join(b"%d,%d\n" % (i % 10, i * i) for i in range(2000)))
    path = write_file(damage(content), "rows.csv.gz")
    with pytest.raises(DatasetMalformed) as refused:
        read_csv_table(path)
    assert str(refused.value).startswith(f"{path}: not a whole gzip file: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["missing.csv", "", "x" * 5000], ids=["missing", "a directory", "too long a name"])
def test_what_is_no_file_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetNotFound) as refused:
        read_csv_table(tmp_path / name)
    expected = f"{tmp_path / name}: no such file; expected a CSV with a header and a label column"
    assert str(refused.value) == expected


def test_a_file_that_cannot_be_opened_is_named_with_the_systems_reason(write_file: WriteFile) -> None:
    path = write_file("label,a\n1,2\n")
    with lowered(resource.RLIMIT_NOFILE, 0), pytest.raises(DatasetNotFound) as refused:
        read_csv_table(path)
    assert str(refused.value) == f"{path}: cannot be read: Too many open files"
