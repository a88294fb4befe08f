"""A ZIP archive, hostile until shown otherwise.

Nothing is written anywhere, so a name is only a name: of its path the last part counts. Every size is checked before
anything is unpacked, and zipfile unpacks no more than the size that an entry states.
"""

import io
import zipfile

from bundle.one_line import one_line
from open_inference.json_object import quote
from predictor.errors import BodyTooLarge, RequestRefused
from predictor.files.piece import FileLimits

ZIP_START = b"PK"
_ENTRY_START = b"PK\x01\x02"
_ENCRYPTED = 1
_LARGEST_RATIO = 200  # unpacked to packed; a file of 1 KiB may be of one and the same byte
_SMALL = 1024


class Archive:
    """The files of an archive by their names; what a desktop adds (`__MACOSX`, hidden files) is passed over.

    Raises RequestRefused when it is no archive or has files that are not taken, BodyTooLarge over a limit.
    """

    def __init__(self, content: bytes, limits: FileLimits) -> None:
        # Each entry of the directory starts so. Counting them costs nothing; zipfile makes an object of each.
        if content.count(_ENTRY_START) > 2 * limits.rows + 2:
            raise BodyTooLarge(f"the archive has far more than {limits.rows} files; expected at most as many pictures")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
        except Exception as error:  # zipfile has many ways: BadZipFile, NotImplementedError, ValueError, struct.error
            raise RequestRefused(f"the file is no whole ZIP: {one_line(error)}; expected a ZIP or CSV") from error
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._archive.infolist():
            name = last_part(entry.filename)  # a folder has none
            if not name or name.startswith(".") or "__MACOSX" in entry.filename:
                continue
            if name in self._entries:
                raise RequestRefused(f"the archive has {quote(name)} twice; expected other names, whatever the folder")
            _check(entry, quote(name), limits)
            self._entries[name] = entry
        unpacked = sum(entry.file_size for entry in self._entries.values())
        if unpacked > limits.unpacked_bytes:
            raise BodyTooLarge(f"the archive becomes {unpacked} bytes; expected at most {limits.unpacked_bytes}")

    @property
    def names(self) -> list[str]:
        """All names, in the archive's order."""
        return list(self._entries)

    def unpack(self, name: str) -> bytes:
        """The content of one file. Raises RequestRefused, which names it, when it is damaged."""
        try:
            return self._archive.read(self._entries[name])
        except Exception as error:  # as many ways
            raise RequestRefused(f"{quote(name)} is damaged in the archive: {one_line(error)}") from error


def last_part(path: str) -> str:
    """The name without its folders, whichever way they are written."""
    return path.replace("\\", "/").rpartition("/")[2]


def _check(entry: zipfile.ZipInfo, name: str, limits: FileLimits) -> None:
    if entry.flag_bits & _ENCRYPTED:
        raise RequestRefused(f"{name} is encrypted; expected a ZIP without a password")
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise RequestRefused(f"{name} has the compression {entry.compress_type}; expected stored or deflated files")
    if entry.file_size > limits.entry_bytes:
        raise BodyTooLarge(f"{name} is {entry.file_size} bytes; expected at most {limits.entry_bytes}")
    if entry.file_size > max(_SMALL, _LARGEST_RATIO * entry.compress_size):
        found = f"{entry.compress_size} bytes that become {entry.file_size}"
        raise BodyTooLarge(f"{name} is {found}; expected at most {_LARGEST_RATIO} times as many")
