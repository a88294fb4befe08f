"""A port of a Service or a pod, which kubectl forwards to this machine."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from assay.cluster.release import Release


@contextmanager
def forwarded(release: Release, target: str, port: int) -> Iterator[int]:
    """The port on 127.0.0.1 that leads to `port` of `target`, such as service/assay-store, as long as its pod lives."""
    command = release.kubectl("port-forward", target, f":{port}")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found is not None
        yield int(found[1])
    finally:
        process.terminate()
        process.communicate()
