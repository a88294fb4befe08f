"""A bundle on its way: an uncompressed tar of plain files, the same bytes for the same bundle.

What comes in is hostile until it is verified, so it is taken apart as it comes, by 512-byte headers of the plain
ustar form (POSIX 1003.1, pax, "ustar Interchange Format"): regular files with bare names, each once, and nothing else.
Links, devices, directories, paths, sparse files and extended headers are refused by their header alone.
"""

import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bundle.manifest import NAME_PATTERN
from content_store.disk import NewFile
from content_store.errors import ContentMalformed, ContentTooLarge

BLOCK_BYTES = 512
CHUNK_BYTES = 256 * 1024
MEMBER_LIMIT = 64
_NAME = re.compile(NAME_PATTERN)
_PLAIN = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE})
TAR_END = bytes(2 * BLOCK_BYTES)


@dataclass(frozen=True, slots=True)
class ContentStream:
    """Bytes on their way out; opens one file at a time and holds one chunk of it."""

    size_bytes: int
    chunks: Iterator[bytes]


def stream_file(path: Path) -> ContentStream:
    """A file as it is. Raises OSError, also while the chunks are read."""
    return ContentStream(path.stat().st_size, _read_chunks(path))


def stream_bundle(directory: Path) -> ContentStream:
    """The files of a directory as a tar, in order of their names.

    Raises ContentMalformed when something else than a regular file is there; OSError, also while the chunks are read.
    """
    files = []
    for path in sorted(directory.iterdir()):
        if not path.is_file():  # reading a pipe would wait for ever
            raise ContentMalformed(f"{path} is no regular file")
        files.append((path, path.stat().st_size))
    size = sum(BLOCK_BYTES + file_size + _padding(file_size) for _, file_size in files) + len(TAR_END)
    return ContentStream(size, _tar_chunks(files))


def _tar_chunks(files: list[tuple[Path, int]]) -> Iterator[bytes]:
    for path, size in files:
        yield from tar_member(path.name, size, _read_chunks(path))
    yield TAR_END


def tar_member(name: str, size_bytes: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A file in a tar: its header, before a chunk is asked for, then `chunks`, which have `size_bytes` in all."""
    header = tarfile.TarInfo(name)
    header.size = size_bytes
    header.mode = 0o444
    yield header.tobuf(tarfile.USTAR_FORMAT)
    yield from chunks
    yield bytes(_padding(size_bytes))


def _read_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _padding(size: int) -> int:
    return -size % BLOCK_BYTES


class TarUnpacker:
    """Writes a tar's files into `directory`, which is empty, as the bytes come; holds one block in memory.

    OSError is for the caller to explain.
    """

    def __init__(self, directory: Path, *, limit_bytes: int) -> None:
        self._directory = directory
        self._limit_bytes = limit_bytes
        self._names: set[str] = set()
        self._header = bytearray()
        self._file: NewFile | None = None
        self._content_left = 0
        self._padding_left = 0
        self._has_ended = False

    def write(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes. Raises ContentMalformed, ContentTooLarge."""
        rest = memoryview(chunk)
        while rest:
            if self._file is not None:
                taken = rest[: self._content_left]
                self._file.write(taken)
                self._content_left -= len(taken)
                self._seal_when_complete()
            elif self._padding_left:
                taken = rest[: self._padding_left]
                self._padding_left -= len(taken)
            else:
                taken = rest[: BLOCK_BYTES - len(self._header)]
                self._header += taken
                if len(self._header) == BLOCK_BYTES:
                    self._begin(bytes(self._header))
                    self._header.clear()
            rest = rest[len(taken) :]

    def seal(self) -> None:
        """That was all. Raises ContentMalformed when the tar is not whole."""
        if self._header or self._file or self._padding_left or not self._has_ended:
            raise ContentMalformed("the tar is cut off before its end")

    def close(self) -> None:
        """Give up what is not complete. Can be repeated."""
        if self._file is not None:
            self._file.close()

    def _begin(self, block: bytes) -> None:
        if self._has_ended or not any(block):
            if any(block):
                raise ContentMalformed("something follows the end of the tar")
            self._has_ended = True
            return
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.TarError as error:
            raise ContentMalformed(f"not a tar: {error} where a file's header is expected") from error
        self._check(header)
        self._names.add(header.name)
        self._file = NewFile(self._directory / header.name)
        self._content_left = header.size
        self._padding_left = _padding(header.size)
        self._seal_when_complete()

    def _check(self, header: tarfile.TarInfo) -> None:
        shown = f"{header.name[:100]!r}"
        if header.type not in _PLAIN:
            raise ContentMalformed(
                f"{shown} in the tar is of type {header.type!r}; expected regular files only, as tar --format=ustar"
                " writes them"
            )
        if not _NAME.fullmatch(header.name):
            raise ContentMalformed(f"{shown} in the tar is no bare file name, as the files of a bundle have")
        if header.name in self._names:
            raise ContentMalformed(f"{shown} is twice in the tar")
        if len(self._names) == MEMBER_LIMIT:
            raise ContentMalformed(f"more than {MEMBER_LIMIT} files in the tar")
        if header.size < 0:
            raise ContentMalformed(f"{shown} in the tar has the size {header.size}")
        if header.size > self._limit_bytes:
            raise ContentTooLarge(f"{shown} has {header.size} bytes; expected at most {self._limit_bytes} in all")

    def _seal_when_complete(self) -> None:
        if self._file is not None and not self._content_left:
            self._file.seal()
            self._file = None
