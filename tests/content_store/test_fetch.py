"""Fetching: what stands at the destination is what the digest names, or nothing is."""

import os
import resource
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle import Bundle, read_bundle
from content_store.content_name import Kind
from content_store.errors import (
    AddressNotUsable,
    ContentMalformed,
    ContentMismatch,
    ContentNotFound,
    DestinationTaken,
    DiskFull,
    StoreRefused,
    StoreUnreachable,
)
from content_store.fetch import Fetched, fetch_content
from content_store.push import Push
from dataset import read_csv_table
from tests.content_store.other_server import Answer, other_server
from tests.content_store.samples import OTHER_DIGEST, files_of, make_bundle, make_rows, member, tar_of
from tests.content_store.store_process import StoreProcess
from tests.dataset.system_limits import lowered

UNREACHABLE = "http://127.0.0.1:1"
ROWS = make_rows()


def fetch(
    source: str,
    digest: str,
    to: Path,
    kind: Kind | None = None,
    *,
    timeout_seconds: float = 0.0,
    report: Callable[[str], None] = lambda _: None,
) -> Fetched:
    return fetch_content(source, digest, to, kind=kind, timeout_seconds=timeout_seconds, report=report)


@pytest.fixture(scope="module")
def filled(store: StoreProcess, bundle: Bundle) -> StoreProcess:
    """A store with one bundle and one holdout."""
    push = Push(store.url, 0.0, lambda _: None)
    assert push.bundle(bundle.path).is_new
    assert push.holdout(ROWS).is_new
    return store


def test_a_bundle_is_fetched_from_a_store(filled: StoreProcess, bundle: Bundle, tmp_path: Path) -> None:
    to = tmp_path / "deep" / "bundle"
    assert fetch(filled.url, bundle.digest, to, Kind.BUNDLE).is_new
    assert read_bundle(to, expected_digest=bundle.digest).manifest == bundle.manifest
    assert [path.name for path in to.parent.iterdir()] == ["bundle"]


def test_a_holdout_is_fetched_from_a_store(filled: StoreProcess, tmp_path: Path) -> None:
    fetched = fetch(f"{filled.url}/holdouts/{ROWS.digest}", ROWS.digest, tmp_path / "holdout.csv")
    assert (fetched.content.kind, fetched.is_new) == (Kind.HOLDOUT, True)
    assert read_csv_table(tmp_path / "holdout.csv").digest == ROWS.digest


def test_a_directory_that_is_there_already_and_empty_is_filled(
    filled: StoreProcess, bundle: Bundle, tmp_path: Path
) -> None:
    before = tmp_path.stat().st_ino
    fetch(f"{filled.url}/bundles/{bundle.digest}", bundle.digest, tmp_path)
    assert read_bundle(tmp_path, expected_digest=bundle.digest).digest == bundle.digest
    assert tmp_path.stat().st_ino == before


def test_what_a_killed_fetch_left_is_swept_away(filled: StoreProcess, bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"half")
    (tmp_path / ".arriving-before").mkdir()
    (tmp_path / ".arriving-before" / "content").write_bytes(b"half")
    fetch(filled.url, bundle.digest, tmp_path, Kind.BUNDLE)
    assert read_bundle(tmp_path, expected_digest=bundle.digest).digest == bundle.digest


def test_what_is_there_already_is_not_asked_for(bundle: Bundle, filled: StoreProcess, tmp_path: Path) -> None:
    fetch(filled.url, bundle.digest, tmp_path / "bundle", Kind.BUNDLE)
    fetch(filled.url, ROWS.digest, tmp_path / "rows.csv", Kind.HOLDOUT)
    assert not fetch(UNREACHABLE, bundle.digest, tmp_path / "bundle", Kind.BUNDLE).is_new
    assert not fetch(UNREACHABLE, ROWS.digest, tmp_path / "rows.csv", Kind.HOLDOUT).is_new


def test_something_else_in_its_place_is_left_alone(filled: StoreProcess, bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("dear")
    other = make_bundle(tmp_path, version=9)
    for to in (tmp_path / "letters", tmp_path / "letters" / "letter.txt", other.path):
        with pytest.raises(DestinationTaken, match=f"{to} is there already, but is not bundle {bundle.digest}: "):
            fetch(filled.url, bundle.digest, to, Kind.BUNDLE)
    for to in (tmp_path / "letters", tmp_path / "letters" / "letter.txt"):
        with pytest.raises(DestinationTaken, match=f"{to} is there already, but is not holdout "):
            fetch(filled.url, ROWS.digest, to, Kind.HOLDOUT)
    assert (tmp_path / "letters" / "letter.txt").read_text() == "dear"
    assert read_bundle(other.path).digest == other.digest


def test_bundles_and_holdouts_come_from_a_file_system(bundle: Bundle, filled: StoreProcess, tmp_path: Path) -> None:
    assert fetch(bundle.path.as_uri(), bundle.digest, tmp_path / "bundle").is_new
    fetch(filled.url, ROWS.digest, tmp_path / "rows.csv", Kind.HOLDOUT)
    assert fetch((tmp_path / "rows.csv").as_uri(), ROWS.digest, tmp_path / "copy.csv").is_new
    with pytest.raises(ContentMismatch, match="what came is the bundle "):
        fetch(bundle.path.as_uri(), OTHER_DIGEST, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("ftp://host/key", None, "expected http://…, https://…, s3://… or file:///…"),
        ("/a/path", None, "expected http://…, https://…, s3://… or file:///…"),
        ("http://", Kind.BUNDLE, "expected a URL such as"),
        ("http://host:port", Kind.BUNDLE, "is no URL"),
        ("http://host/v1.tar", None, "does not say what it is; expected /bundles/… or /holdouts/… in it, or --kind"),
        ("http://host/holdouts/x", Kind.BUNDLE, "http://host/holdouts/x is a holdout, not a bundle"),
        ("file://elsewhere/bundle", None, "expected file:/// and an absolute path"),
        ("file:///no/such/bundle", None, "/no/such/bundle: no such file"),
        ("file:///etc", Kind.HOLDOUT, "/etc is a bundle, not a holdout"),
        ("file:///dev", None, "is no regular file"),
    ],
)
def test_a_source_that_cannot_be_used_is_named(source: str, kind: Kind | None, message: str, tmp_path: Path) -> None:
    with pytest.raises((AddressNotUsable, ContentMalformed), match=message):
        fetch(source, OTHER_DIGEST, tmp_path / "to", kind)


def test_a_password_and_a_signature_are_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable) as caught:
        fetch("http://me:secret@127.0.0.1:1/bundles/x?signature=secret", OTHER_DIGEST, tmp_path / "to")
    assert str(caught.value).startswith("http://127.0.0.1:1/bundles/x: ")


def test_a_corrupted_answer_is_refused_and_leaves_nothing(bundle: Bundle, tmp_path: Path) -> None:
    files = files_of(bundle)
    whole = tar_of(files)
    changed = bytearray(whole)
    changed[whole.index(b"\1\1\1")] ^= 1
    answers: dict[str, tuple[bytes, type[Exception]]] = {
        "changed": (bytes(changed), ContentMismatch),
        "cut off": (whole[:3000], ContentMalformed),
        "more": (tar_of({**files, "more": b"x"}), ContentMismatch),
        "climbing": (tar_of({"../more": b"x", **files}), ContentMalformed),
        "linked": (tar_of(files, member("link", tarfile.SYMTYPE, target="/etc/passwd")), ContentMalformed),
        "a page": (b"<html>" * 200, ContentMalformed),
        "nothing": (b"", ContentMalformed),
    }
    with other_server(lambda _, path: Answer(answers[path.split("/")[-1].replace("%20", " ")][0])) as url:
        for name, (_, error) in answers.items():
            with pytest.raises(error):
                fetch(f"{url}/bundles/{name}", bundle.digest, tmp_path / "to")
            assert list(tmp_path.iterdir()) == []


def test_rows_that_are_not_those_are_refused(tmp_path: Path) -> None:
    with other_server(lambda _method, _path: Answer(b"label,a\n1,2\n")) as url:
        with pytest.raises(ContentMismatch, match="the rows that came are sha256:"):
            fetch(url, ROWS.digest, tmp_path / "rows.csv", Kind.HOLDOUT)
        with pytest.raises(AddressNotUsable, match=r"expected a path that ends in \.csv"):
            fetch(url, ROWS.digest, tmp_path / "rows.csv.gz", Kind.HOLDOUT)
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_breaks_off_is_asked_for_again(bundle: Bundle, tmp_path: Path) -> None:
    whole = tar_of(files_of(bundle))
    answers = [
        Answer(b'{"error": "as busy\\nas can be"}', 503),
        Answer(b"", 404),
        Answer(whole[:4000], headers={"content-length": str(len(whole))}),
        Answer(whole),
    ]
    told: list[str] = []
    with other_server(lambda _method, _path: answers.pop(0)) as url:
        fetch(url, bundle.digest, tmp_path / "to", Kind.BUNDLE, timeout_seconds=20, report=told.append)
    where = f"{url}/bundles/{bundle.digest}: "
    assert [line.split("; trying again for")[0] for line in told[:2]] == [
        f"{where}503: as busy as can be",
        f"{where}404: Not Found",
    ]
    assert len(told) == 3
    assert read_bundle(tmp_path / "to").digest == bundle.digest


def test_a_redirection_is_followed(filled: StoreProcess, bundle: Bundle, tmp_path: Path) -> None:
    target = f"{filled.url}/bundles/{bundle.digest}"
    with other_server(lambda _method, _path: Answer(status=302, headers={"location": target})) as url:
        assert fetch(f"{url}/bundles/latest", bundle.digest, tmp_path / "to").is_new


def test_it_gives_up_when_the_time_is_over(filled: StoreProcess, tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(StoreUnreachable, match="Connection refused"):
        fetch(UNREACHABLE, OTHER_DIGEST, tmp_path / "to", Kind.BUNDLE, timeout_seconds=0.3, report=told.append)
    assert len(told) == 1
    with pytest.raises(ContentNotFound, match=f"404: bundle {OTHER_DIGEST} is not in this store"):
        fetch(filled.url, OTHER_DIGEST, tmp_path / "to", Kind.BUNDLE)


def test_what_time_does_not_mend_is_not_asked_again(tmp_path: Path) -> None:
    asked: list[str] = []

    def refuse(method: str, _path: str) -> Answer:
        asked.append(method)
        return Answer(b"x" * 10**6, 403)

    with other_server(refuse) as url, pytest.raises(StoreRefused) as caught:
        fetch(url, OTHER_DIGEST, tmp_path / "to", Kind.BUNDLE, timeout_seconds=60)
    assert asked == ["GET"]
    assert len(str(caught.value)) < 1200


def test_a_full_disk_leaves_nothing(filled: StoreProcess, bundle: Bundle, tmp_path: Path) -> None:
    with lowered(resource.RLIMIT_FSIZE, 2000), pytest.raises(DiskFull, match=f"{tmp_path}: no space is left"):
        fetch(filled.url, bundle.digest, tmp_path / "to", Kind.BUNDLE)
    assert list(tmp_path.iterdir()) == []


def test_a_destination_that_cannot_be_a_path_is_explained(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="File name too long"):
        fetch(UNREACHABLE, OTHER_DIGEST, tmp_path / ("x" * os.pathconf("/", "PC_NAME_MAX") + "x"), Kind.BUNDLE)
