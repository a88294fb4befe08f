"""A body that becomes a file: written as it comes, within a limit that is told before it is exceeded."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from console.errors import Conflict, UploadStalled, UploadTooLarge

_NAME_CHARACTERS = 200


@dataclass
class UploadedFiles:
    """Takes bodies into files of `directory`, each in a folder of its own that goes with it."""

    directory: Path
    limit_bytes: int
    idle_seconds: float
    at_once: int = 2
    _under_way: int = 0

    @asynccontextmanager
    async def receive(self, request: Request) -> AsyncIterator[Path]:
        """The body of `request` as a file, gone when the `with` ends.

        Raises UploadTooLarge, UploadStalled, Conflict while too many come at once, and ClientDisconnect.
        """
        if _stated_bytes(request) > self.limit_bytes:
            raise UploadTooLarge(f"{_stated_bytes(request)} bytes; expected at most {self.limit_bytes}")
        if self._under_way == self.at_once:
            raise Conflict(f"{self.at_once} uploads are under way; try again soon")
        self._under_way += 1
        try:
            with tempfile.TemporaryDirectory(dir=self.directory) as folder:
                path = Path(folder) / "received"
                await self._write(request, path)
                yield path
        finally:
            self._under_way -= 1

    async def _write(self, request: Request, path: Path) -> None:
        received = 0
        chunks = request.stream()
        with path.open("xb") as file:
            while True:
                try:
                    chunk = await asyncio.wait_for(anext(chunks), self.idle_seconds)
                except StopAsyncIteration:
                    return
                except TimeoutError as error:
                    raise UploadStalled(f"nothing came for {self.idle_seconds:g} s") from error
                received += len(chunk)
                if received > self.limit_bytes:
                    raise UploadTooLarge(f"more than {self.limit_bytes} bytes came, which is the limit")
                await asyncio.to_thread(file.write, chunk)


def file_name(given: str | None, otherwise: str) -> str:
    """What a person calls an upload: the last part of a path, printable, and not too long. It is never a path here."""
    name = os.path.basename((given or "").replace("\\", "/"))[:_NAME_CHARACTERS]
    return "".join(character for character in name if character.isprintable()) or otherwise


def _stated_bytes(request: Request) -> int:
    stated = request.headers.get("content-length", "0")
    return int(stated) if stated.isdecimal() else 0
