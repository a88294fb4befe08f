"""An S3 as a process of its own, moto's, and the form of S3's errors for servers that a test scripts."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.content_store.other_server import Answer, other_server
from tests.content_store.store_process import DEADLINE_SECONDS, wait_for

BUCKET = "models"
FOLDER = f"s3://{BUCKET}/digits/1"
SECRET = "wJalrXUtnFEMI/K7MDENG"  # noqa: S105  # opens nothing


class S3Server:
    """moto's S3 on any free port, with one bucket; ended when the `with` ends. `is_strict`: it knows no key."""

    def __init__(self, log: Path, *, is_strict: bool = False) -> None:
        self._log = log
        self._environment = {**os.environ, **({"INITIAL_NO_AUTH_ACTION_COUNT": "0"} if is_strict else {})}

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)
        try:
            found = wait_for(
                lambda: re.search(r"Running on (http://\S+)", self._log.read_text()),
                lambda: self._process.poll() is None,
            )
            self.url = str(found.group(1))
            self._put(BUCKET, b"")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def put(self, key: str, content: bytes) -> None:
        assert self._put(f"{BUCKET}/{key}", content) == 200

    def put_folder(self, key: str, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            self.put(f"{key}/{name}", content)

    def _put(self, path: str, content: bytes) -> int:
        # Without a type moto looks for a form in the content.
        headers = {"content-type": "application/octet-stream"}
        return httpx.put(
            f"{self.url}/{path}", content=content, headers=headers, timeout=DEADLINE_SECONDS, trust_env=False
        ).status_code


def s3_error(status: int, code: str, message: str = "") -> Answer:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(body.encode(), status, {"content-type": "application/xml"})


@contextmanager
def folder_server(files: dict[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """The URL of a server that has `files` in FOLDER, and the names that it is asked for."""
    asked: list[str] = []

    def script(_method: str, path: str) -> Answer:
        name = path.removeprefix(f"/{BUCKET}/digits/1/")
        asked.append(name)
        return Answer(files[name]) if name in files else s3_error(404, "NoSuchKey")

    with other_server(script) as url:
        yield url, asked
