"""The passwords of a new database and its URLs, as files: what a Secret of the chart and compose.yaml are made of."""

import secrets
from pathlib import Path

from records.errors import DatabaseNotSet
from records.roles import ROLES, role_name

OWNER = "assay"
DATABASE = "records"
_READERS = ("predictor", "console")  # who connects by a URL of the Secret's


def write_secret_files(folder: Path, host: str) -> list[str]:
    """Write `owner-password`, a password and a URL for each role that needs one; the names of those that were missing.

    `host` is where the server will be, maybe with a port. A password that is there stays, and URLs follow it. The
    folder is its owner's alone; the files in it can be read by whoever is given one of them, such as a container's
    user. Raises DatabaseNotSet where they cannot be written.
    """
    made: list[str] = []

    def keep(name: str, content: str) -> str:
        path = folder / name
        if not path.exists():
            path.write_text(content)
            path.chmod(0o644)
            made.append(name)
        return path.read_text()

    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        passwords = {role: keep(f"{role}-password", secrets.token_hex(24)) for role in ("owner", *ROLES)}
        for role in ("owner", *_READERS):
            user = OWNER if role == "owner" else role_name(role)
            keep(f"{role}-url", f"postgresql://{user}:{passwords[role]}@{host}/{DATABASE}")
    except (OSError, UnicodeDecodeError) as error:
        raise DatabaseNotSet(f"{folder}: the secrets cannot be written: {error}") from error
    return made
