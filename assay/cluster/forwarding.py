"""A port of something in the cluster on this machine, for the moment: kubectl forwards it."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from assay.cluster.errors import CommandFailed
from assay.cluster.release import Release


@contextmanager
def forwarded(release: Release, target: str, port: int = 80) -> Iterator[str]:
    """The URL at which `port` of `target`, such as service/NAME, answers within the block. Raises CommandFailed.

    It leads to one pod, and nowhere once that is gone.
    """
    command = release.kubectl("port-forward", "--address", "127.0.0.1", target, f":{port}")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        first = process.stdout.readline() if process.stdout else ""
        found = re.search(r"127\.0\.0\.1:(\d+)", first)
        if found is None:
            process.terminate()
            words = process.communicate(timeout=10)[1].strip().splitlines()
            raise CommandFailed(f"kubectl cannot forward a port to {target}: {words[-1] if words else 'no word'}")
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        process.terminate()
        process.communicate(timeout=10)
