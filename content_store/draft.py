"""Content that is arriving: written beside where it goes, verified whole, and only then renamed to it.

The store's uploads and a fetch's downloads take the same way. A draft is a hidden directory with a lock in it, which
its process holds: what a killed process left behind has a lock that nobody holds, and is swept away.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bundle import BundleDamaged, BundleError, BundleNotUsable, read_bundle
from bundle.manifest import MANIFEST_NAME
from content_store.bundle_tar import TarUnpacker
from content_store.content_name import ContentName, Kind
from content_store.disk import explaining_disk_errors, flush_directory
from content_store.errors import ContentMalformed, ContentMismatch, ContentTooLarge, DiskRefuses
from content_store.holdout_file import HoldoutFile
from dataset import DatasetError, DatasetMalformed, read_csv_table

DRAFT_PREFIX = ".arriving-"
_LOCK = "lock"


class Draft:
    """Takes the bytes of `content` into `directory`, gone when the `with` ends.

    Neither a bundle's bytes nor the memory that a holdout takes may be more than `limit_bytes`. Its methods block. All
    of them raise DiskFull and DiskRefuses, which name `directory`.
    """

    def __init__(self, content: ContentName, directory: Path, *, limit_bytes: int) -> None:
        self.content = content
        self._directory = directory
        self._limit_bytes = limit_bytes
        self._received_bytes = 0

    def __enter__(self) -> Self:
        with explaining_disk_errors(self._directory), ExitStack() as undo:
            folder = Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=self._directory))
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            undo.callback(os.close, _take_lock(folder))
            self.path = folder / "content"
            self._sink = self._open_sink()
            undo.callback(self._sink.close)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises ContentMalformed, ContentTooLarge."""
        self._received_bytes += len(chunk)
        if self._received_bytes > self._limit_bytes:
            raise ContentTooLarge(f"{self.content}: expected at most {self._limit_bytes} bytes")
        with explaining_disk_errors(self._directory):
            self._sink.write(chunk)

    def verify(self) -> None:
        """Return when all that came is what the digest names. Raises ContentMalformed, ContentMismatch.

        Holds a bundle's largest file, or a holdout's numbers, in memory.
        """
        with explaining_disk_errors(self._directory):
            self._sink.seal()
        if self.content.kind is Kind.BUNDLE:
            self._verify_bundle()
        else:
            self._verify_holdout()

    def place(self, destination: Path) -> None:
        """Rename what was verified to `destination`, which does not exist yet, for good."""
        with explaining_disk_errors(self._directory):
            self.path.rename(destination)
            flush_directory(destination.parent)

    def pour_into(self, directory: Path) -> None:
        """Move a verified bundle's files into `directory`, such as a volume's mount point, which no rename replaces.

        The manifest comes last: until it is there, nobody takes `directory` for a bundle.
        """
        with explaining_disk_errors(self._directory):
            for file in sorted(self.path.iterdir(), key=lambda file: (file.name == MANIFEST_NAME, file.name)):
                file.replace(directory / file.name)
            flush_directory(directory)

    def _open_sink(self) -> TarUnpacker | HoldoutFile:
        if self.content.kind is Kind.HOLDOUT:
            return HoldoutFile(self.path, memory_limit_bytes=self._limit_bytes)
        self.path.mkdir()
        return TarUnpacker(self.path, limit_bytes=self._limit_bytes)

    def _verify_bundle(self) -> None:
        try:
            read_bundle(self.path, expected_digest=self.content.digest)
        except (BundleDamaged, BundleNotUsable) as error:
            raise ContentMismatch(self._in_its_name(error)) from error
        except BundleError as error:
            raise DiskRefuses(self._in_its_name(error)) from error

    def _verify_holdout(self) -> None:
        try:
            found = read_csv_table(self.path).digest
        except DatasetMalformed as error:
            raise ContentMalformed(self._in_its_name(error)) from error
        except DatasetError as error:
            raise DiskRefuses(self._in_its_name(error)) from error
        if found != self.content.digest:
            raise ContentMismatch(f"{self.content}: the rows that came are {found}")

    def _in_its_name(self, error: Exception) -> str:
        text = str(error).replace(f"{self.path}/", "").replace(str(self.path), "what came")
        return f"{self.content}: {text}"


def sweep_drafts(directory: Path) -> None:
    """Remove the drafts in `directory` whose process has ended. Raises DiskRefuses. Can be repeated."""
    with explaining_disk_errors(directory):
        for folder in directory.glob(f"{DRAFT_PREFIX}*"):
            try:
                lock = _take_lock(folder)
            except OSError:  # its process lives, it has gone meanwhile, or it is not ours
                continue
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _take_lock(folder: Path) -> int:
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock
