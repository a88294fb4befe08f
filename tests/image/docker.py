"""Docker as a person runs it, and the images that are under test. Without either: skipped."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable

import httpx
import pytest

READY_SECONDS = 120.0


CONFINED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")
"""As the chart has it: no writable root file system, no capabilities; that it is not root says the image."""


def image_under_test() -> str:
    """The predictors', from ASSAY_TEST_IMAGE or `assay:dev`."""
    return _there(os.environ.get("ASSAY_TEST_IMAGE", "assay:dev"))


def full_image_under_test() -> str:
    """The one with all packages, from ASSAY_TEST_FULL_IMAGE or `assay-full:dev`."""
    return _there(os.environ.get("ASSAY_TEST_FULL_IMAGE", "assay-full:dev"))


def standalone_image_under_test() -> str:
    """The one of one container, from ASSAY_TEST_STANDALONE_IMAGE or `assay-standalone:dev`."""
    return _there(os.environ.get("ASSAY_TEST_STANDALONE_IMAGE", "assay-standalone:dev"), "make image-standalone")


def _there(name: str, made_by: str = "make image") -> str:
    if shutil.which("docker") is None:
        pytest.skip("docker is missing: apt-get install docker.io")
    found = subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False)
    if found.returncode != 0:
        pytest.skip(f"there is no image {name}; `{made_by}` builds it")
    return name


def docker(*arguments: str) -> str:
    """What it prints, stripped; it has to end with 0."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return (done.stdout or done.stderr).strip()


def wait_until_ready(url: str, say_why_not: Callable[[], str]) -> str:
    """`url`, once a predictor is ready there."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/v2/health/ready", timeout=2, trust_env=False).status_code == 200:
                return url
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} is not ready after {READY_SECONDS:g} s: {say_why_not()}")
