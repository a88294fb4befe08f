"""A port of something in the cluster on this machine, for the moment: kubectl forwards it."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from assay.cluster.errors import CommandFailed
from assay.cluster.release import Release


@contextmanager
def forwarded(release: Release, target: str) -> Iterator[str]:
    """The URL at which `target` answers within the block, such as service/NAME. Raises CommandFailed."""
    command = release.kubectl("port-forward", "--address", "127.0.0.1", target, ":80")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        first = process.stdout.readline() if process.stdout else ""
        port = re.search(r"127\.0\.0\.1:(\d+)", first)
        if port is None:
            process.terminate()
            words = process.communicate(timeout=10)[1].strip().splitlines()
            raise CommandFailed(f"kubectl cannot forward a port to {target}: {words[-1] if words else 'no word'}")
        yield f"http://127.0.0.1:{port[1]}"
    finally:
        process.terminate()
        process.communicate(timeout=10)
