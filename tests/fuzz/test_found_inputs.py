"""Inputs that a parser once answered otherwise than it documents, as fuzzing found them, with what it says now."""

import gzip
import zipfile
from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest

from bundle.manifest import stored_form
from tests.fuzz.bounds import Bounds
from tests.fuzz.parser import Parser
from tests.fuzz.parsers import all_parsers
from tests.fuzz.parsers.documents import many_aliases, repair_chunk
from tests.fuzz.parsers.pictures import jpeg_of_scans
from tests.fuzz.parsers.tables import to_zip
from tests.promotion.recorded.recordings import STABLE, record_line

LABELS = b"file,label\none.png,7\n"
LONG = "x" * 3000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def parsers(folder: Path) -> Mapping[str, Parser]:
    return all_parsers(folder)


@pytest.fixture(scope="module")
def bounds(folder: Path) -> Bounds:
    return Bounds(folder)


def _gzip_with_a_wrong_sum(content: bytes) -> bytes:
    packed = gzip.compress(content)
    return packed[:-8] + bytes(4) + packed[-4:]


def _zip_cut_in_its_middle() -> bytes:
    packed = to_zip({"labels.csv": LABELS, "one.png": b"no picture"}, zipfile.ZIP_STORED)
    return b"PK" + packed[4:]


def _zip_with_an_empty_name() -> bytes:
    return to_zip({"labels.csv": LABELS, "q": b""}, zipfile.ZIP_STORED).replace(b"q", b"\0")  # a name ends there


def _form(disposition: str) -> bytes:
    return f"multipart/form-data; boundary=b\n--b\r\nContent-Disposition: {disposition}\r\n\r\n1\r\n--b--\r\n".encode()


FOUND = [
    ("v2-request", '{"inputs":"a\u2028b"}'.encode(), r'inputs is the string "a\\u2028b"; expected a list of objects'),
    ("v2-binary-request", b"\x85\n{}", r'Content-Length is "\\u0085"; expected the size'),
    ("classify-csv", "\x851,2,3,4\n".encode(), r'line 1, column 1 .* is "\\u00851"; expected a number'),
    ("form", _form(f"form-data; {LONG}"), "the body is no form: .*…; expected multipart/form-data"),
    ("csv-table", LONG.encode(), "line 1: one column 'x{64}…'; expected a label and at least one feature"),
    ("csv-table", b'label,"a\nb"\n1,c\n2,3\n', r"column 'a\\nb': 'c' is not a finite number"),
    ("csv-table", f"label,a\n1,2\n1,{LONG}\n".encode(), "line 3, column a: 'x{64}…' is not a finite number"),
    ("csv-gz-table", _gzip_with_a_wrong_sum(b"label,a\n1,\xff"), "not a whole gzip file: CRC check failed"),
    ("labels", b'"', "line 1: unexpected end of data"),
    ("labels", f"{LONG},label\n".encode(), r"the header is \['x*…; expected request_id,label"),
    ("labels", b"request_id,row,label\nr1,-1,a\n", "line 2: the row -1; expected one from 0 on"),
    ("uploaded-images", _zip_cut_in_its_middle(), "sent.file: not a whole zip: "),
    (
        "uploaded-images",
        to_zip({"labels.csv": LABELS, "one.png": b""}, zipfile.ZIP_BZIP2),
        "has the compression 12; expected stored or deflated files",
    ),
    ("picture", jpeg_of_scans(30_000), "the picture has 30005 scans; expected at most 100"),
    ("evaluate-zip", _zip_with_an_empty_name(), "the archive has no picture; expected PNG or JPEG files"),
    ("recorded-predictions", orjson.dumps({"schema": "a\nb", "key": LONG}) + b"\n", "has records of schema a b; this"),
    ("recorded-predictions", record_line("r1", 1e9, STABLE, ["a"]).replace(b'"r1"', b"7"), "are not all texts"),
    ("recorded-predictions", record_line("r1", 1e9, STABLE, ["a"]).replace(b'["a"]', b'"ab"'), "are not all texts"),
    (
        "followed-state",
        b'{"rule":{"test":"flat","margin":0.05,"alpha":0.05,"floor":2,"horizon":1000},"n":1,"b":1,"c":1,"end":null,'
        b'"rows_digest":""}',
        "no state of a run: the document: Value error, b = 1, c = 1 of n = 1 rows; expected no more than there are",
    ),
    ("gate-yaml", many_aliases("margin"), ", line 6: it means more than 100000 values; expected YAML"),
    ("gate-yaml", b"margin: &a [*a]", ", line 1: a value contains itself; expected YAML"),
    ("gate-yaml", b"margin: " + b"[" * 3000, ": it is nested too deep; expected YAML"),
    ("gate-yaml", b"margin: !!int ''", ": a value is not of the type it names; expected YAML"),
    ("gate-yaml", b"margin: !!timestamp x", ": a value is not of the type it names; expected YAML"),
    ("gate-yaml", f"margin: {LONG}".encode(), "margin: found 'x*…, expected a share above 0"),
    ("params-yaml", b"!!int seed: 1", "not YAML: invalid literal for int"),
    ("params-yaml", b"model: {version: 18446744073709551616}", "64-bit range; expected values that JSON has"),
    ("params-yaml", many_aliases("estimator"), "not YAML: line 6: it means more than 100000 values"),
    ("key-file", orjson.dumps({"a\nb": 1, "format": 1}), r"\(a b: Extra inputs are not permitted\)"),
    ("access-headers", b"origin: http://[", "a key is needed"),
    ("model-copy", b'{"manifest":null}\nmodel', "the copy of digits version 1 was changed"),
]


@pytest.mark.parametrize(("name", "content", "said"), FOUND, ids=[f"{name}: {said}" for name, _, said in FOUND])
def test_what_broke_a_parser_is_refused_in_its_words(
    name: str, content: bytes, said: str, parsers: Mapping[str, Parser], bounds: Bounds
) -> None:
    parser = parsers[name]
    assert not bounds.examine(parser, content)
    with pytest.raises(parser.refuses, match=said):
        parser.read(content)


def test_a_manifest_with_a_name_of_two_lines_is_refused_on_one(parsers: Mapping[str, Parser], bounds: Bounds) -> None:
    parser = parsers["bundle-manifest"]
    fields = orjson.loads(parser.samples[0])
    del fields["digest"]
    content = stored_form({**fields, "a\nb": 1})
    assert not bounds.examine(parser, content)
    with pytest.raises(parser.refuses, match="a b: Extra inputs are not permitted"):
        parser.read(content)


def test_a_chunk_of_a_datatype_that_is_not_known_is_damaged(parsers: Mapping[str, Parser], bounds: Bounds) -> None:
    parser = parsers["spool-chunk"]
    content = repair_chunk(parser.samples[0].replace(b'"UINT8"', b'"FP128"'))
    assert not bounds.examine(parser, content)
    with pytest.raises(parser.refuses, match='none of this version: pixels has the unknown datatype "FP128"'):
        parser.read(content)
