"""What an image consists of: its size, its distributions and their sizes, its largest files; and an SBOM (CycloneDX).

    python -m delivery.image_report assay:dev assay-full:dev --sbom build/sbom

The SBOM is of the Python distributions that are installed in the image. Docker has the image; nothing of it is changed.
"""

import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.distributions import normalized

PROBE = Path(__file__).with_name("image_probe.py")
BASE = "org.opencontainers.image.base.name"
LARGE_BYTES = 2_000_000
SHOWN = 30
# The metadata of what is installed, as a tar file to stdout.
_PACK_METADATA = """
import glob, sys, sysconfig, tarfile, os
os.chdir(sysconfig.get_paths()["purelib"])
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
    for folder in sorted(glob.glob("*.dist-info")):
        tar.add(folder)
"""


class ReportFailed(Exception):
    """Docker or the SBOM's maker ended with an error; the message is its."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A distribution in an image; its size is in bytes."""

    name: str
    version: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ImageContents:
    """Sizes in bytes. `base_bytes` is None where Docker does not have the base image."""

    name: str
    bytes: int
    base: str
    base_bytes: int | None
    distributions: tuple[Installed, ...]
    files: dict[str, int]

    @property
    def added_bytes(self) -> int | None:
        """What the image adds to its base."""
        return None if self.base_bytes is None else self.bytes - self.base_bytes


def read_contents(image: str) -> ImageContents:
    """What Docker and the image's own Python say. Raises ReportFailed."""
    inspected = json.loads(_run("docker", "image", "inspect", image))[0]
    base = str((inspected["Config"]["Labels"] or {}).get(BASE, ""))
    looked = json.loads(_run(*_python(image), PROBE.read_text(encoding="utf-8")))
    found = [Installed(normalized(one["name"]), one["version"], one["bytes"]) for one in looked["distributions"]]
    largest_first = sorted(found, key=lambda one: (-one.bytes, one.name))
    return ImageContents(image, inspected["Size"], base, _size_of(base), tuple(largest_first), looked["files"])


def write_sbom(image: str, to: Path) -> None:
    """CycloneDX, as JSON. Raises ReportFailed."""
    packed = _run(*_python(image), _PACK_METADATA)
    with tempfile.TemporaryDirectory() as folder:
        # An environment of its own with the image's metadata: what is looked at has to be one that a Python can name.
        venv.create(folder, symlinks=True)
        (place,) = Path(folder).glob("lib/python*/site-packages")
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            tar.extractall(place, filter="data")
        to.parent.mkdir(parents=True, exist_ok=True)
        made = (sys.executable, "-m", "cyclonedx_py", "environment", folder, "--output-reproducible")
        to.write_bytes(_run(*made))


def lines_of(contents: ImageContents) -> Iterator[str]:
    """The report, as a person reads it."""
    base = f"base {contents.base}" if contents.base else "base unknown"
    if contents.added_bytes is not None and contents.base_bytes is not None:
        base += f" {megabytes(contents.base_bytes)}, added {megabytes(contents.added_bytes)}"
    yield f"{contents.name}: {megabytes(contents.bytes)} ({base})"
    known = sum(one.bytes for one in contents.distributions)
    yield f"  {len(contents.distributions)} distributions, {megabytes(known)}"
    for one in contents.distributions[:SHOWN]:
        yield f"  {megabytes(one.bytes):>9}  {one.name} {one.version}"
    rest = contents.distributions[SHOWN:]
    if rest:
        yield f"  {megabytes(sum(one.bytes for one in rest)):>9}  {len(rest)} further ones"
    yield f"  files of {megabytes(LARGE_BYTES)} and more"
    for path, size in sorted(contents.files.items(), key=lambda file: (-file[1], file[0])):
        if size >= LARGE_BYTES:
            yield f"  {megabytes(size):>9}  {path}"


def megabytes(size: int) -> str:
    """As Docker says sizes: of 10^6 bytes."""
    return f"{size / 1e6:.1f} MB"


def _python(image: str) -> tuple[str, ...]:
    return ("docker", "run", "--rm", "--network=none", "--read-only", "--entrypoint", "python", image, "-c")


def _size_of(image: str) -> int | None:
    try:
        return int(_run("docker", "image", "inspect", "--format", "{{.Size}}", image)) if image else None
    except ReportFailed:
        return None


def _run(*command: str) -> Any:
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    if done.returncode != 0:
        raise ReportFailed(f"{command[0]} {command[1]}: {done.stderr.decode().strip()}")
    return done.stdout


def main() -> int:
    """0, or 1 with what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    parser.add_argument("--sbom", type=Path, metavar="DIR", help="where an SBOM of each is written")
    arguments = parser.parse_args()
    try:
        for image in arguments.images:
            print("\n".join(lines_of(read_contents(image))))
            if arguments.sbom is not None:
                to = arguments.sbom / f"{image.rpartition('/')[2].replace(':', '-')}.cdx.json"
                write_sbom(image, to)
                print(f"  SBOM: {to}\n")
    except ReportFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
