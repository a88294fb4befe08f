"""Writing a bundle: completely under another name first, then renamed, so that a reader never sees half of one."""

import os
import shutil
import tempfile
from pathlib import Path

from bundle.errors import BundleError
from bundle.manifest import MANIFEST_NAME, MODEL_NAME, BundleFile, Manifest, content_digest
from bundle.read import Bundle, read_bundle


def write_bundle(directory: Path, manifest: Manifest, model_bytes: bytes) -> Bundle:
    """Write a bundle to `directory/<hex digest>` and return it as read back.

    `manifest.files` is filled in here. Can be repeated: a bundle of the same digest is left as it stands, and a
    damaged one in its place is an error. Raises BundleError when the directory cannot be written.
    """
    file = BundleFile(digest=content_digest(model_bytes), size_bytes=len(model_bytes))
    complete = manifest.model_copy(update={"files": {MODEL_NAME: file}})
    destination = directory / complete.digest().removeprefix("sha256:")
    try:
        if not destination.exists():
            _write_at_once(destination, {MODEL_NAME: model_bytes, MANIFEST_NAME: complete.to_bytes()})
    except OSError as error:
        raise BundleError(f"{destination} cannot be written: {error.strerror}") from error
    return read_bundle(destination, expected_digest=complete.digest())


def _write_at_once(destination: Path, contents: dict[str, bytes]) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".writing-", dir=destination.parent))
    try:
        for name, content in contents.items():
            with (draft / name).open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            (draft / name).chmod(0o444)
        draft.chmod(0o755)
        try:
            draft.rename(destination)
        except OSError:
            if not destination.is_dir():  # somebody else wrote the same bundle meanwhile: theirs is as good
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
