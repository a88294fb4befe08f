"""Labels as somebody hands them in, and where they are kept."""

import subprocess
import sys
from pathlib import Path

import pytest

from promotion.recorded.answers import LabelsRefused
from promotion.recorded.label_store import FileLabels, HandedIn
from promotion.recorded.labels import TrueLabel, read_labels_file

REPOSITORY = Path(__file__).parents[3]
A, B = TrueLabel("one", 0, "a"), TrueLabel("two", 0, "b")

HAND_IN = """
import sys, pathlib
from promotion.recorded.label_store import FileLabels
from promotion.recorded.labels import TrueLabel
labels = FileLabels(pathlib.Path(sys.argv[1]), 1)
for number in range(20):
    assert labels.hand_in([TrueLabel(f"{sys.argv[2]}-{number}", 0, "a")], "ann", 1.0).new == 1
"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("request_id,label\none,a\ntwo,b\n", (A, B)),
        ("label,request_id,by\r\na,one,ann\r\n", (A,)),
        ("request_id,row,label\none,0,a\none,4,c\n", (A, TrueLabel("one", 4, "c"))),
        ("request_id,label\none,a\ntwo,b\none,c\n", (A, B, TrueLabel("one", 1, "c"))),
        ('\ufeffrequest_id,label\none,"a"\n', (A,)),
    ],
    ids=["plain", "other columns", "rows", "rows in their order", "as a spreadsheet writes it"],
)
def test_a_file_of_labels_is_read(tmp_path: Path, content: str, expected: tuple[TrueLabel, ...]) -> None:
    (tmp_path / "labels.csv").write_text(content, newline="")
    assert read_labels_file(tmp_path / "labels.csv") == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the header is None; expected request_id,label"),
        ("id,label\n1,a\n", r"the header is \['id', 'label'\]"),
        ("request_id,label\n", "no labels below its header"),
        ("request_id,label\none\n", "line 2: expected a request id and a label"),
        ("request_id,label\none,a,b\n", "line 2: expected"),
        ("request_id,row,label\none,first,a\n", "line 2: invalid literal"),
        ('request_id,label\none,"a\n', "unexpected end of data"),
    ],
)
def test_what_is_no_file_of_labels_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises(LabelsRefused, match=rf"labels\.csv.*{message}"):
        read_labels_file(tmp_path / "labels.csv")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelsRefused, match=r"labels\.csv cannot be read: No such file"):
        read_labels_file(tmp_path / "labels.csv")


def test_the_first_label_of_a_row_stands(tmp_path: Path) -> None:
    labels = FileLabels(tmp_path, 1)
    assert labels.hand_in([A, B], "ann", 10.0) == HandedIn(new=2, known=0, contradicting=0)
    again = [A, TrueLabel("two", 0, "c"), TrueLabel("new", 0, "a"), TrueLabel("new", 0, "b"), TrueLabel("new", 0, "a")]
    assert FileLabels(tmp_path, 1).hand_in(again, "bob", 20.0) == HandedIn(new=1, known=2, contradicting=2)
    assert labels.read()
    assert not labels.read()
    assert {key: (given.label, given.at) for key, given in labels.given.items()} == {
        ("one", 0): ("a", 10.0),
        ("two", 0): ("b", 10.0),
        ("new", 0): ("a", 20.0),
    }
    assert labels.hand_in([A], "ann", 30.0) == HandedIn(new=0, known=1, contradicting=0)
    assert len(list(tmp_path.iterdir())) == 2


def test_labels_belong_to_one_rollout(tmp_path: Path) -> None:
    FileLabels(tmp_path, 1).hand_in([A], "ann", 10.0)
    assert not FileLabels(tmp_path, 2).read()


def test_two_who_hand_in_at_once_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HAND_IN, str(tmp_path)]
    both = [subprocess.Popen([*command, name], cwd=REPOSITORY) for name in ("ann", "bob")]
    assert [process.wait(60) for process in both] == [0, 0]
    labels = FileLabels(tmp_path, 1)
    labels.read()
    assert len(labels.given) == 40


def test_what_a_killed_writer_left_is_no_file_of_labels(tmp_path: Path) -> None:
    (tmp_path / "labels-0001-0001.17.writing").write_bytes(b'{"rollout')
    labels = FileLabels(tmp_path, 1)
    assert not labels.read()
    assert labels.hand_in([A], "ann", 10.0).new == 1


def test_damaged_labels_are_named(tmp_path: Path) -> None:
    (tmp_path / "labels-0001-0001.json").write_bytes(b"[]")
    with pytest.raises(LabelsRefused, match=r"labels-0001-0001\.json holds no labels"):
        FileLabels(tmp_path, 1).read()
    with pytest.raises(LabelsRefused, match="cannot be written"):
        FileLabels(tmp_path / "nowhere", 1).hand_in([A], "ann", 10.0)
