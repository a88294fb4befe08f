"""Writing: whole or not at all, whoever else writes, and whenever it is killed."""

import multiprocessing
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from bundle import Bundle, BundleDamaged, BundleError, BundleNotFound, read_bundle, write_bundle
from tests.bundle.sample import MODEL_BYTES, manifest
from tests.dataset.system_limits import lowered

PROCESSES = multiprocessing.get_context("spawn")
DEADLINE_SECONDS = 30


def test_writing_twice_leaves_the_first_as_it_stands(tmp_path: Path) -> None:
    first = write_bundle(tmp_path, manifest(), MODEL_BYTES)
    before = first.path.stat()
    assert write_bundle(tmp_path, manifest(), MODEL_BYTES) == first
    assert first.path.stat().st_ino == before.st_ino
    assert first.path.stat().st_mtime_ns == before.st_mtime_ns
    assert list(tmp_path.iterdir()) == [first.path]


def test_a_damaged_bundle_in_the_place_is_an_error_and_not_mended(written: Bundle) -> None:
    (written.path / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(BundleDamaged, match=r"model\.onnx was changed"):
        write_bundle(written.path.parent, manifest(), MODEL_BYTES)
    assert (written.path / "model.onnx").read_bytes() == b"damaged"


def test_a_file_in_the_place_of_the_bundle_is_an_error(written: Bundle, tmp_path: Path) -> None:
    (tmp_path / written.path.name).write_bytes(b"")
    with pytest.raises(BundleNotFound, match="no such bundle"):
        write_bundle(tmp_path, manifest(), MODEL_BYTES)


def test_a_place_that_cannot_be_a_directory_is_an_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BundleError, match=r"^.*file/below/[0-9a-f]{64} cannot be written: Not a directory$"):
        write_bundle(tmp_path / "file" / "below", manifest(), MODEL_BYTES)
    with pytest.raises(BundleError, match=r"cannot be written: File name too long$"):
        write_bundle(tmp_path / ("x" * 5000), manifest(), MODEL_BYTES)


@pytest.mark.parametrize("size_bytes", [0, 100, 255, 300], ids=lambda size: f"{size} bytes")
def test_a_system_that_takes_only_some_bytes_leaves_nothing_behind(tmp_path: Path, size_bytes: int) -> None:
    """255 bytes end within the model, 300 within the manifest: as on a full disk, writing fails in the middle."""
    with lowered(resource.RLIMIT_FSIZE, size_bytes), pytest.raises(BundleError) as refused:
        write_bundle(tmp_path, manifest(), MODEL_BYTES)
    assert str(refused.value).endswith(" cannot be written: File too large")
    assert list(tmp_path.iterdir()) == []
    assert write_bundle(tmp_path, manifest(), MODEL_BYTES).model_bytes == MODEL_BYTES


def write_without_end(directory: Path) -> None:
    for version in range(1, 2**31):
        write_bundle(directory, manifest(version=version), os.urandom(2**21))


def write_the_same(directory: Path, together: Barrier) -> None:
    for version in range(1, 31):
        together.wait(DEADLINE_SECONDS)
        write_bundle(directory, manifest(version=version), bytes([version]) * 100_000)


@contextmanager
def running(*processes: BaseProcess) -> Iterator[None]:
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join(DEADLINE_SECONDS)


def visible(directory: Path) -> set[Path]:
    return {path for path in directory.iterdir() if not path.name.startswith(".")}


@pytest.mark.parametrize("after", [1, 4, 7])
def test_a_reader_sees_only_whole_bundles_also_when_the_writer_is_killed(tmp_path: Path, after: int) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    seen: set[Path] = set()
    with running(PROCESSES.Process(target=write_without_end, args=(tmp_path,))):
        while len(seen) < after:
            assert time.monotonic() < deadline, f"{len(seen)} bundles in {DEADLINE_SECONDS} s"
            for path in visible(tmp_path) - seen:
                read_bundle(path, expected_digest=f"sha256:{path.name}")
                seen.add(path)
    for path in visible(tmp_path):
        read_bundle(path, expected_digest=f"sha256:{path.name}")


def test_two_processes_write_the_same_bundles_at_the_same_time(tmp_path: Path) -> None:
    together = PROCESSES.Barrier(2)
    writers = [PROCESSES.Process(target=write_the_same, args=(tmp_path, together)) for _ in range(2)]
    with running(*writers):
        for writer in writers:
            writer.join(DEADLINE_SECONDS)
        assert [writer.exitcode for writer in writers] == [0, 0]
    assert len(list(tmp_path.iterdir())) == 30
    assert {read_bundle(path).manifest.version for path in tmp_path.iterdir()} == set(range(1, 31))
