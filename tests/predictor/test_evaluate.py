"""POST /forward_batch and POST /evaluate: files of many rows, asked of a real server."""

import socket
import struct
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from bundle import Bundle
from predictor.errors import BodyTooLarge, RequestRefused
from predictor.files.archive import Archive
from predictor.files.piece import FileLimits
from predictor.files.scores import score
from tests.predictor.conftest import StartServer
from tests.predictor.pictures import digit_picture, to_archive
from tests.predictor.server_process import DEADLINE_SECONDS, ServerProcess, wait_for
from tests.predictor.test_about_doors import count
from tests.predictor.test_classify_door import CLASSES, to_csv
from tests.predictor.test_forward import BAD, NOT_PROCESSED, explained
from tests.predictor.test_images import png_header
from tests.predictor.test_load_limits import ENDLESS, TIMEOUT, endless_requests

DIGITS = load_digits()
MANY = range(500, 1000)
ROWS: list[list[float]] = DIGITS.data[MANY].tolist()
LABELS = [CLASSES[index] for index in DIGITS.target[MANY]]
NAMES = list(DIGITS.feature_names)
LABELLED = to_csv(["digit", *NAMES], *([label, *row] for label, row in zip(LABELS, ROWS, strict=True)))
PICTURES = {f"{index}.png": digit_picture(row) for index, row in enumerate(ROWS[:100])}
LABELLED_NAMES = [[name, label] for name, label in zip(PICTURES, LABELS, strict=False)]
LABELS_CSV = to_csv(["name", "label"], *LABELLED_NAMES)


def post(client: httpx.Client, door: str, content: bytes | str, **headers: str) -> httpx.Response:
    return client.post(door, content=content, headers=headers)


def labels_of(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [prediction["label"] for prediction in response.json()["predictions"]]


def test_a_csv_of_many_rows_is_answered_as_row_by_row(client: httpx.Client, digits: Bundle) -> None:
    known = client.post("/classify", json=ROWS).json()["predictions"]
    answer = post(client, "/forward_batch", to_csv(NAMES, *ROWS)).json()
    found = answer["predictions"]
    assert [(part["label"], part["index"]) for part in found] == [(part["label"], part["index"]) for part in known]
    probabilities = [part["probability"] for part in known]
    assert [part["probability"] for part in found] == pytest.approx(probabilities, rel=1e-3)
    assert (answer["rows"], answer["model"], answer["bundle_digest"]) == (len(ROWS), "digits", digits.digest)
    assert labels_of(post(client, "/forward_batch", to_csv(*ROWS))) == [part["label"] for part in known]
    assert labels_of(post(client, "/forward_batch", LABELLED)) == [part["label"] for part in known]


def test_an_evaluation_is_what_scikit_learn_says(client: httpx.Client) -> None:
    answer = post(client, "/evaluate", LABELLED, **{"content-type": "text/csv"}).json()
    answered = [prediction["label"] for prediction in answer["predictions"]]
    assert answered == labels_of(post(client, "/forward_batch", LABELLED))
    assert [prediction["true_label"] for prediction in answer["predictions"]] == LABELS
    assert answer["accuracy"] == pytest.approx(accuracy_score(LABELS, answered))
    assert answer["macro_f1"] == pytest.approx(f1_score(LABELS, answered, average="macro"))
    table = precision_recall_fscore_support(LABELS, answered, labels=CLASSES, zero_division=0)
    assert [part["label"] for part in answer["classes"]] == CLASSES
    for name, column in zip(("precision", "recall", "f1", "support"), table, strict=True):
        assert [part[name] for part in answer["classes"]] == pytest.approx(column.tolist())
    assert answer["confusion_matrix"] == confusion_matrix(LABELS, answered, labels=CLASSES).tolist()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_scores_are_scikit_learns_for_any_answers(pairs: list[tuple[int, int]]) -> None:
    truth, answered = zip(*pairs, strict=True)
    scores = score(truth, answered, 5)
    table = precision_recall_fscore_support(truth, answered, labels=range(5), zero_division=0)
    ours = np.array([[of.precision, of.recall, of.f1, of.support] for of in scores.classes]).T
    np.testing.assert_allclose(ours, np.array(table))
    assert scores.accuracy == pytest.approx(accuracy_score(truth, answered))
    assert scores.macro_f1 == pytest.approx(f1_score(truth, answered, labels=sorted(set(truth)), average="macro"))
    assert (scores.confusion_matrix == confusion_matrix(truth, answered, labels=range(5))).all()


def test_a_column_called_label_will_do_wherever_it_stands(client: httpx.Client) -> None:
    lines = ([*row, label] for label, row in zip(LABELS, ROWS[:9], strict=False))
    answer = post(client, "/evaluate", to_csv([*NAMES, "label"], *lines)).json()
    assert [prediction["true_label"] for prediction in answer["predictions"]] == LABELS[:9]


def test_a_zip_of_pictures_is_evaluated_in_the_order_of_its_labels(client: httpx.Client) -> None:
    files: dict[str, bytes | str] = {f"some/folder/{name}": content for name, content in PICTURES.items()}
    files |= {"__MACOSX/some/._0.png": b"x", ".DS_Store": b"x", "some/labels.csv": LABELS_CSV}
    answer = post(client, "/evaluate", to_archive(files)).json()
    assert [prediction["name"] for prediction in answer["predictions"]] == list(PICTURES)
    assert [prediction["true_label"] for prediction in answer["predictions"]] == LABELS[:100]
    assert answer["accuracy"] > 0.85
    by_row = labels_of(post(client, "/forward_batch", to_csv(*ROWS[:100])))
    assert [prediction["label"] for prediction in answer["predictions"]] == by_row
    backwards = to_csv(*LABELLED_NAMES[::-1])
    reverse = post(client, "/evaluate", to_archive({**PICTURES, "labels.csv": backwards})).json()
    assert [prediction["name"] for prediction in reverse["predictions"]] == list(PICTURES)[::-1]
    assert reverse["confusion_matrix"] == answer["confusion_matrix"]


def test_a_zip_needs_no_labels_to_be_answered(client: httpx.Client) -> None:
    for content in (to_archive(PICTURES), to_archive({"labels.csv": "nonsense", **PICTURES})):
        answer = post(client, "/forward_batch", content).json()
        assert [prediction["name"] for prediction in answer["predictions"]] == list(PICTURES)
        assert "true_label" not in answer["predictions"][0]


@pytest.mark.parametrize("content", [LABELLED.encode(), to_archive({**PICTURES, "labels.csv": LABELS_CSV})])
@pytest.mark.parametrize("door", ["/forward_batch", "/evaluate"])
def test_a_form_with_the_file_is_answered_alike(client: httpx.Client, door: str, content: bytes) -> None:
    sent = client.post(door, files={"file": ("data", content)}, headers={"x-request-id": "r"})
    assert sent.json() == post(client, door, content, **{"x-request-id": "r"}).json()


def with_line(number: int, line: Sequence[Any]) -> str:
    lines = LABELLED.splitlines()
    lines[number - 1] = ",".join(map(str, line))
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "the file has no line; expected CSV, a line for each row"),
        (b"\xff\xfe", "the file is not UTF-8 behind line 0; expected CSV in UTF-8"),
        (b'"open', "line 1 is not CSV: unexpected end of data"),
        (to_csv(["digit", *NAMES]), "the file has a header alone; expected a line for each row"),
        (
            to_csv(NAMES, *ROWS[:2]),
            'the file\'s first line names no column of labels; expected a header with "digit"',
        ),
        (to_csv(*ROWS[:2]), 'the file\'s first line names no column of labels; expected a header with "digit"'),
        (with_line(400, ["ten", *ROWS[0]]), f'line 400 has the label "ten"; expected one of {", ".join(CLASSES)}'),
        (with_line(400, ["zero", *ROWS[0][1:]]), "line 400 has 64 fields; expected 65"),
        (with_line(400, []), None),
        (with_line(400, ["zero", "x", *ROWS[0][1:]]), 'line 400, column 2 (pixel_0_0) is "x"; expected a number'),
        (
            with_line(400, ["zero", "1e39", *ROWS[0][1:]]),
            'in the rows after the first 384: the input "features" has inf in row 14, column 0; '
            "expected a finite number",
        ),
        (LABELLED.replace("pixel_0_0", "x", 1), 'the header lacks the column "pixel_0_0"; expected all 64 features'),
    ],
)
def test_a_wrong_csv_is_a_bad_request_that_names_the_line(
    client: httpx.Client, content: bytes | str, detail: str | None
) -> None:
    response = post(client, "/evaluate", content)
    if detail is None:
        assert len(labels_of(response)) == len(ROWS) - 1, "an empty line is passed over"
    else:
        assert explained(response) == (400, BAD, detail)


def test_the_line_is_named_behind_empty_and_quoted_lines(client: httpx.Client) -> None:
    lines = [f'"{LABELS[index]}\n",' + ",".join(map(str, row)) for index, row in enumerate(ROWS[:100])]
    content = "\n\n" + to_csv(["digit", *NAMES]) + "\r\n\r\n".join(lines) + "\r\n" + "zero,x" + ",0" * 63
    detail = 'line 303, column 2 (pixel_0_0) is "x"; expected a number'
    assert explained(post(client, "/evaluate", content)) == (400, BAD, detail)


ONE = {"1.png": PICTURES["1.png"]}
TWO = {**ONE, "2.png": PICTURES["2.png"]}
WHOLE = to_archive(ONE, zipfile.ZIP_STORED)


def encrypted() -> bytes:
    content = bytearray(to_archive(TWO))
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(start) + flags] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "code", "detail"),
    [
        (b"PK", 400, "the file is no whole ZIP: File is not a zip file; expected a ZIP or CSV"),
        (WHOLE[:-30], 400, "the file is no whole ZIP: "),
        (to_archive({}), 400, "the archive has no picture; expected PNG or JPEG files"),
        (to_archive(ONE), 400, "the archive has no labels.csv; expected one with a line name,label for each picture"),
        (to_archive({**ONE, "a/1.png": b""}), 400, 'the archive has "1.png" twice; expected other names'),
        (to_archive(ONE, zipfile.ZIP_LZMA), 400, '"1.png" has the compression 14; expected stored or deflated files'),
        (encrypted(), 400, '"1.png" is encrypted; expected a ZIP without a password'),
        (
            to_archive({**TWO, "labels.csv": "1.png,one"}),
            400,
            'labels.csv has no line for "2.png"; expected one for each picture',
        ),
        (
            to_archive({**ONE, "labels.csv": "1.png,one\n2.png,two"}),
            400,
            'labels.csv, line 2 has the picture "2.png" that is not in the archive; expected each one once',
        ),
        (
            to_archive({**ONE, "labels.csv": "1.png,one\n1.png,one"}),
            400,
            'labels.csv, line 2 has the picture "1.png" twice; expected each one once',
        ),
        (to_archive({**ONE, "labels.csv": "1.png"}), 400, "labels.csv, line 1 has 1 fields; expected name,label"),
        (
            to_archive({**ONE, "labels.csv": "1.png,ten"}),
            400,
            'labels.csv, line 1 has the label "ten"; expected one of',
        ),
        (to_archive({**ONE, "labels.csv": b"\xff"}), 400, "labels.csv is not UTF-8 at byte 0"),
        (to_archive({**ONE, "labels.csv": '"'}), 400, "labels.csv, line 1 is not CSV: "),
        (
            to_archive({**ONE, "x.txt": b"no picture", "labels.csv": "1.png,one\nx.txt,two"}),
            403,
            '"x.txt": 10 bytes are no picture; expected PNG or JPEG',
        ),
        (
            to_archive({"1.png": ONE["1.png"][:60], "labels.csv": "1.png,one"}),
            403,
            '"1.png": the picture is damaged: ',
        ),
    ],
)
def test_a_wrong_archive_is_told_what_is_wrong_with_it(
    client: httpx.Client, content: bytes, code: int, detail: str
) -> None:
    found, error, said = explained(post(client, "/evaluate", content))
    assert (found, error) == (code, BAD if code == 400 else NOT_PROCESSED)
    assert said.startswith(detail)


def test_a_damaged_entry_is_named(client: httpx.Client) -> None:
    content = bytearray(WHOLE)
    content[content.index(b"IDAT") + 8] ^= 0xFF
    code, error, detail = explained(post(client, "/forward_batch", bytes(content)))
    assert (code, error) == (400, BAD)
    assert detail.startswith('"1.png" is damaged in the archive: Bad CRC-32')


def test_the_name_of_an_entry_leads_nowhere(client: httpx.Client) -> None:
    hostile = {
        "../../../etc/passwd": ONE["1.png"],
        "C:\\windows\\2.png": PICTURES["2.png"],
        "/3.png": PICTURES["3.png"],
    }
    answer = post(client, "/forward_batch", to_archive(hostile)).json()
    assert [prediction["name"] for prediction in answer["predictions"]] == ["passwd", "2.png", "3.png"]


def test_a_form_has_one_file(client: httpx.Client) -> None:
    sent = client.post("/evaluate", files={"a": b"x", "b": b"y"})
    assert explained(sent) == (400, BAD, "the form has 2 parts; expected one, the file")


@pytest.fixture(scope="module")
def limited(digits: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    log = tmp_path_factory.mktemp("limited") / "log"
    limits = {"file_limit_bytes": 100_000, "file_row_limit": 20, "pixel_limit": 100, "body_limit_bytes": 50_000}
    with ServerProcess(digits.path, log, **limits) as process, process.wait_until_ready().client() as client:
        yield client


def refusal(response: httpx.Response) -> tuple[int, str]:
    assert response.json().keys() == {"error"}
    return response.status_code, response.json()["error"]


def test_too_many_rows_are_413(limited: httpx.Client) -> None:
    assert len(labels_of(post(limited, "/forward_batch", to_csv(*ROWS[:20])))) == 20
    many = (413, "the file has more than 20 rows; expected at most as many")
    assert refusal(post(limited, "/forward_batch", to_csv(*ROWS[:21]))) == many
    assert refusal(post(limited, "/forward_batch", to_archive(dict(list(PICTURES.items())[:21])))) == many
    assert refusal(post(limited, "/forward_batch", to_archive(PICTURES)))[0] == 413


def test_too_many_bytes_are_413(limited: httpx.Client) -> None:
    response = post(limited, "/evaluate", b" " * 100_001)
    assert refusal(response) == (413, "the body is too large; expected at most 100000 bytes")


def test_a_picture_of_too_many_pixels_is_413_and_named(limited: httpx.Client) -> None:
    response = post(limited, "/forward_batch", to_archive({"big.png": png_header(11, 10)}))
    assert refusal(response) == (413, '"big.png": the picture has 11 x 10 pixels; expected at most 100')


def test_a_bomb_is_refused_before_it_is_unpacked(limited: httpx.Client) -> None:
    large = {"large.png": bytes(50_001)}
    assert refusal(post(limited, "/forward_batch", to_archive(large))) == (
        413,
        '"large.png" is 50001 bytes; expected at most 50000',
    )
    code, error = refusal(post(limited, "/forward_batch", to_archive({"flat.png": bytes(50_000)})))
    assert (code, error.partition("that become")[2]) == (413, " 50000; expected at most 200 times as many")
    noise = np.random.default_rng(0).integers(0, 2, 49_000).astype(np.uint8).tobytes()
    several = {f"{index}.png": noise for index in range(9)}
    response = post(limited, "/forward_batch", to_archive(several))
    assert refusal(response) == (413, "the archive becomes 441000 bytes; expected at most 400000")


def test_a_size_that_is_a_lie_unpacks_no_more_than_it_says(client: httpx.Client) -> None:
    content = bytearray(to_archive({"1.png": bytes(300_000)}))
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = struct.pack("<I", 100)
    code, _, detail = explained(post(client, "/forward_batch", bytes(content)))
    assert code in {400, 403}
    assert "1.png" in detail


def test_a_deadline_holds_for_the_whole_file(contrary: Bundle, start_server: StartServer) -> None:
    names = [f"number_{index}" for index in range(4)]
    endless = to_csv(names, *([ENDLESS] * 100))
    late = "the file has no answer after 0.2 s, its deadline; expected fewer rows"
    with start_server(contrary.path, file_deadline_seconds=0.2).wait_until_ready().client() as client:
        assert refusal(post(client, "/forward_batch", endless)) == (504, late)
    with start_server(contrary.path).wait_until_ready().client() as client:
        assert refusal(post(client, "/forward_batch", endless, **{TIMEOUT: "200"})) == (504, late)
        assert labels_of(post(client, "/forward_batch", to_csv(names, [2, 0, 0, 0]))) == ["c"]


def test_overload_is_429(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, inference_threads=1, queue_limit=2).wait_until_ready()
    with process.client() as client, endless_requests(process, client, 2):
        response = post(client, "/forward_batch", "1,1,1,1")
        assert (response.status_code, response.headers["retry-after"]) == (429, "1")


def test_more_files_than_there_is_room_for_are_429_and_health_is_answered(
    contrary: Bundle, start_server: StartServer
) -> None:
    process = start_server(contrary.path, files_at_once=1).wait_until_ready()
    address = urlsplit(process.url)
    head = b"POST /forward_batch HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\nexpect: 100-continue\r\n\r\n"
    with process.client() as client, socket.create_connection((str(address.hostname), address.port or 0)) as upload:
        upload.settimeout(DEADLINE_SECONDS)
        upload.sendall(head)
        assert upload.recv(100).startswith(b"HTTP/1.1 100 "), "its place is taken"
        full = "1 files are worked on, and no more are taken; ask again soon"
        assert refusal(post(client, "/forward_batch", "1,1,1,1")) == (429, full)
        assert client.get("/v2/health/ready").status_code == 200
        upload.sendall(b"1,1,1,1")
        assert upload.recv(100).startswith(b"HTTP/1.1 200 ")
        assert labels_of(post(client, "/forward_batch", "1,1,1,1")) == ["b"]


def test_the_place_of_a_client_that_vanishes_is_free_again(contrary: Bundle, start_server: StartServer) -> None:
    process = start_server(contrary.path, files_at_once=1).wait_until_ready()
    address = urlsplit(process.url)
    with process.client() as client:
        with socket.create_connection((str(address.hostname), address.port or 0)) as upload:
            upload.sendall(b"POST /evaluate HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\n\r\n1,1")
        wait_for(lambda: count(client, "assay_requests_total", route="/evaluate", code="499"))
        assert labels_of(post(client, "/forward_batch", "1,1,1,1")) == ["b"]


def test_every_row_of_a_file_is_counted(digits: Bundle, start_server: StartServer) -> None:
    with start_server(digits.path).wait_until_ready().client() as client:
        post(client, "/evaluate", LABELLED)
        assert count(client, "assay_predictions_total") == len(ROWS)
        assert count(client, "assay_requests_total", route="/evaluate", code="200") == 1


@given(st.binary(max_size=30), st.integers(0, len(WHOLE)), st.integers(0, 30))
def test_any_bytes_are_an_archive_or_refused(noise: bytes, place: int, cut: int) -> None:
    limits = FileLimits(rows=9, rows_of_piece=9, pixels=99, entry_bytes=999, unpacked_bytes=999)
    with suppress(RequestRefused, BodyTooLarge):
        archive = Archive(WHOLE[:place] + noise + WHOLE[place + cut :], limits)
        assert all(len(archive.unpack(name)) <= 999 for name in archive.names)
