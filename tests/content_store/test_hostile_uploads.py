"""Uploads by somebody who means harm: each is refused with its reason, and leaves nothing behind."""

import tarfile
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundle import Bundle
from content_store.bundle_tar import TarUnpacker
from content_store.errors import ContentMalformed, ContentTooLarge
from tests.content_store.samples import (
    OTHER_DIGEST,
    csv_of,
    files_of,
    header_only,
    make_rows,
    member,
    tar_of,
)
from tests.content_store.store_process import StoreProcess

MALFORMED = {
    "nothing": (b"", "the tar is cut off before its end"),
    "text": (b"x" * 2000, "not a tar: "),
    "a changed header": (b"y" + tar_of({"model.onnx": b"x"})[1:], "not a tar: bad checksum"),
    "a path that climbs": (tar_of({"../model.onnx": b"x"}), "'../model.onnx' in the tar is no bare file name"),
    "an absolute path": (tar_of({"/etc/passwd": b"x"}), "'/etc/passwd' in the tar is no bare file name"),
    "a folder in a name": (tar_of({"a/model.onnx": b"x"}), "'a/model.onnx' in the tar is no bare file name"),
    "a hidden name": (tar_of({".lock": b"x"}), "'.lock' in the tar is no bare file name"),
    "a name that ends a line": (tar_of({"model.onnx\n": b"x"}), "is no bare file name"),
    "a folder": (tar_of({}, member("folder", tarfile.DIRTYPE)), "'folder' in the tar is of type b'5'"),
    "a symbolic link": (tar_of({}, member("model.onnx", tarfile.SYMTYPE, target="/etc/passwd")), "is of type b'2'"),
    "a hard link": (tar_of({}, member("model.onnx", tarfile.LNKTYPE, target="manifest.json")), "is of type b'1'"),
    "a device": (tar_of({}, member("model.onnx", tarfile.CHRTYPE)), "is of type b'3'"),
    "a block device": (tar_of({}, member("model.onnx", tarfile.BLKTYPE)), "is of type b'4'"),
    "a pipe": (tar_of({}, member("model.onnx", tarfile.FIFOTYPE)), "is of type b'6'"),
    "a sparse file": (tar_of({}, member("model.onnx", tarfile.GNUTYPE_SPARSE)), "is of type b'S'"),
    "an extended header": (tar_of({"ü" * 90: b"x"}, tar_format=tarfile.PAX_FORMAT), "is of type b'x'"),
    "a long name": (tar_of({"n" * 200: b"x"}, tar_format=tarfile.GNU_FORMAT), "is of type b'L'"),
    "a negative size": (header_only("model.onnx", -1), "has the size -1"),
    "one name twice": (tar_of({"model.onnx": b"x"})[:1024] + tar_of({"model.onnx": b"x"}), "is twice in the tar"),
    "65 files": (tar_of({f"file-{index}": b"" for index in range(65)}), "more than 64 files in the tar"),
    "something behind the end": (tar_of({}) + b"x" * 512, "something follows the end of the tar"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_tar_that_is_not_plain_is_refused(client: httpx.Client, store: StoreProcess, what: str) -> None:
    content, reason = MALFORMED[what]
    answer = client.put(f"/bundles/{OTHER_DIGEST}", content=content)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]
    assert_nothing_was_left(client, store)


def test_a_tar_that_is_cut_off_anywhere_is_refused(client: httpx.Client, store: StoreProcess, bundle: Bundle) -> None:
    whole = tar_of(files_of(bundle))
    content = 512 + len(files_of(bundle)["manifest.json"])
    for size in (1, 511, 512, 600, content, content + 600, whole.rindex(b"\x01") + 1):
        answer = client.put(f"/bundles/{bundle.digest}", content=whole[:size])
        assert (answer.status_code, answer.json()) == (400, {"error": "the tar is cut off before its end"})
    assert_nothing_was_left(client, store)


def test_a_bundle_that_is_not_what_the_digest_names_is_refused(
    client: httpx.Client, store: StoreProcess, bundle: Bundle
) -> None:
    files = files_of(bundle)
    changed = {**files, "model.onnx": b"x" + files["model.onnx"][1:]}
    reasons = {
        "model.onnx was changed: expected sha256:": (bundle.digest, changed),
        "model.onnx is missing or not a regular file": (bundle.digest, {"manifest.json": files["manifest.json"]}),
        "manifest.json is missing or not a regular file": (bundle.digest, {"model.onnx": files["model.onnx"]}),
        "more.txt does not belong to the bundle": (bundle.digest, {**files, "more.txt": b"x"}),
        "manifest.json was changed: it is not a JSON object": (bundle.digest, {**files, "manifest.json": b"{"}),
        f"what came is the bundle {bundle.digest}, not {OTHER_DIGEST}": (OTHER_DIGEST, files),
    }
    for reason, (digest, sent) in reasons.items():
        answer = client.put(f"/bundles/{digest}", content=tar_of(sent))
        assert answer.status_code == 422
        assert reason in answer.json()["error"]
        assert str(store.directory) not in answer.json()["error"]
    assert_nothing_was_left(client, store)


def test_rows_that_are_not_what_the_digest_names_are_refused(
    client: httpx.Client, store: StoreProcess, tmp_path: Path
) -> None:
    rows = make_rows()
    other = client.put(f"/holdouts/{rows.digest}", content=csv_of(make_rows(first=1.0), tmp_path))
    assert other.status_code == 422
    assert other.json()["error"].startswith(f"holdout {rows.digest}: the rows that came are sha256:")
    for content, reason in {
        b"": "what came: empty; expected a header line",
        b"label,a\n1,2\n1,x\n": "what came, line 3, column a: 'x' is not a finite number",
        b"label,a\n1,\xff\n": "what came, line 2: not UTF-8 text",
        b"\x1f\x8b\x08\x00": "not UTF-8 text",
    }.items():
        answer = client.put(f"/holdouts/{rows.digest}", content=content)
        assert answer.status_code == 400
        assert reason in answer.json()["error"]
    assert_nothing_was_left(client, store)


@pytest.mark.parametrize(("collection", "size"), [("bundles", 1_000_001), ("holdouts", 10**15)])
def test_an_announced_size_is_refused_before_the_body_is_asked_for(
    client: httpx.Client, store: StoreProcess, collection: str, size: int
) -> None:
    answer = announce(store, f"/{collection}/{OTHER_DIGEST}", size)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close\r\n" in answer
    assert b"expected at most 1000000 bytes" in answer
    assert_nothing_was_left(client, store)


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        ([header_only("model.onnx", 2**40)], f"'model.onnx' has {2**40} bytes; expected at most 1000000 in all"),
        ([header_only("model.onnx", 999_900), *[b"x" * 100_000] * 11], "expected at most 1000000 bytes"),
        ([b"\0" * 100_000] * 11, "expected at most 1000000 bytes"),
    ],
)
def test_a_size_that_is_not_announced_is_refused_as_it_comes(
    client: httpx.Client, store: StoreProcess, chunks: list[bytes], reason: str
) -> None:
    answer = client.put(f"/bundles/{OTHER_DIGEST}", content=iter(chunks))
    assert answer.status_code == 413
    assert reason in answer.json()["error"]
    assert_nothing_was_left(client, store)


def test_a_table_that_takes_much_more_memory_than_bytes_is_refused(client: httpx.Client, store: StoreProcess) -> None:
    answer = client.put(f"/holdouts/{OTHER_DIGEST}", content=b"label,a\n" + b"0,0\n" * 3000)
    assert answer.status_code == 413
    assert "the table takes " in answer.json()["error"]
    assert "bytes of memory; expected at most 1000000 in all" in answer.json()["error"]
    assert_nothing_was_left(client, store)


@settings(max_examples=300)
@given(data=st.data())
def test_no_bytes_write_outside_or_raise_anything_unexplained(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    place = tmp_path_factory.mktemp("place")
    inside = place / "inside"
    inside.mkdir()
    whole = bytearray(tar_of({"manifest.json": b"{}" * 300, "model.onnx": b"m" * 700}))
    for at in data.draw(st.lists(st.integers(0, 600), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    step = data.draw(st.integers(1, 3000))
    unpacker = TarUnpacker(inside, limit_bytes=5000)
    try:
        for first in range(0, len(whole), step):
            unpacker.write(bytes(whole[first : first + step]))
        unpacker.seal()
    except (ContentMalformed, ContentTooLarge):
        pass
    finally:
        unpacker.close()
    assert [path.name for path in place.iterdir()] == ["inside"]
    assert all(path.is_file() and not path.is_symlink() for path in inside.iterdir())


def announce(store: StoreProcess, path: str, size: int) -> bytes:
    """The answer to an upload of which only the head is sent, by a client that asks before it goes on."""
    with store.connect() as connection:
        head = f"PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\nexpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def assert_nothing_was_left(client: httpx.Client, store: StoreProcess) -> None:
    assert client.get("/bundles").json() == client.get("/holdouts").json() == {"digests": []}
    assert store.drafts() == []
