"""The directory that is one gateway: what Envoy reads and watches, and what keeps two writers apart.

    <directory>/
    ├── envoy.json         bootstrap: listener and clusters, written once at the start
    ├── rds/routes.json    the split; Envoy takes a new one when a file is renamed into the folder
    ├── eds/stable.json    the endpoint of each role; taken in the same way
    ├── eds/canary.json
    ├── admin.sock         Envoy's admin interface, for the owner alone (0600); never a TCP port
    ├── envoy.log
    ├── gateway.lock       held as long as the gateway runs; says its pid and URL
    ├── split.lock         held for the moment of a write of the split
    └── revisions.lock     held while a revision takes a role

Envoy runs inside the directory and knows relative paths only, so the directory may be at a path of any length.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import orjson

from promotion.routers.envoy.errors import GatewayNotStarted
from promotion.routers.traffic_router import RouterUnreachable

JsonObject = dict[str, Any]

BOOTSTRAP = "envoy.json"
ROUTES = "rds/routes.json"
ADMIN_SOCKET = "admin.sock"
LOG = "envoy.log"
GATEWAY_LOCK = "gateway.lock"
RELEASE_SECONDS = 1.0  # a killed Envoy is gone a little before the system has let go of its files


def endpoints_file(role: str) -> str:
    """Name of the file with the endpoint of `role`."""
    return f"eds/{role}.json"


class StateDirectory:
    """Reads and writes the files of one gateway; RouterUnreachable, with the path, for what the file system refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make the directory and its watched folders. Can be repeated."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in ("rds", "eds"):  # made once: Envoy does not notice a folder that is made anew
                (self.path / folder).mkdir(exist_ok=True)
        except OSError as error:
            raise RouterUnreachable(f"{self.path} cannot be made a gateway's directory: {error.strerror}") from error

    def read(self, name: str) -> JsonObject:
        """The JSON object in the file `name`."""
        path = self.path / name
        try:
            document = orjson.loads(path.read_bytes())
        except OSError as error:
            raise RouterUnreachable(f"{self.path} has no gateway: {name} cannot be read: {error.strerror}") from error
        except orjson.JSONDecodeError as error:
            raise RouterUnreachable(f"{path} is not the JSON that a gateway's directory holds") from error
        if not isinstance(document, dict):
            raise RouterUnreachable(f"{path} holds no JSON object")
        return document

    def write(self, name: str, document: JsonObject) -> None:
        """Replace the file `name` at once; the caller holds the lock that guards it.

        The draft lies outside the watched folder: Envoy sees complete files only, and only renames count for it.
        """
        draft = self.path / f".draft-{Path(name).name}"
        try:
            draft.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
            os.replace(draft, self.path / name)
        except OSError as error:
            raise RouterUnreachable(f"{self.path / name} cannot be written: {error.strerror}") from error

    @contextmanager
    def locked(self, lock: Literal["split", "revisions"]) -> Iterator[None]:
        """Keep other writers of the same kind out, in this process and in others."""
        descriptor = self._open_lock(f"{lock}.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def occupy(self) -> int:
        """Take the gateway's lock and return its descriptor; the directory is taken until its last copy is closed.

        Raises GatewayNotStarted when a gateway runs from this directory.
        """
        descriptor = self._open_lock(GATEWAY_LOCK)
        deadline = time.monotonic() + RELEASE_SECONDS
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "it is just starting"
                os.close(descriptor)
                raise GatewayNotStarted(
                    f"a gateway runs from {self.path} already ({holder}); stop it or choose another directory"
                )
            time.sleep(RELEASE_SECONDS / 20)
        return descriptor

    def _open_lock(self, name: str) -> int:
        try:
            return os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RouterUnreachable(f"{self.path} has no gateway: {name} cannot be opened: {error.strerror}") from error


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
