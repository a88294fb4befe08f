"""THIRD_PARTY_NOTICES.md: every distribution that an image consists of, its licence and where it comes from.

    python -m delivery.notices            writes it
    python -m delivery.notices --check    changes nothing; exit code 1 where it is not current

Which they are say the requirements that the images are built from; what they say of themselves is read from this
environment, which has the same versions.
"""

import argparse
import re
import sys
from importlib.metadata import Distribution
from pathlib import Path
from sysconfig import get_path

from delivery.distributions import Description, describe

ROOT = Path(__file__).parents[1]
NOTICES = ROOT / "THIRD_PARTY_NOTICES.md"
IMAGES = ("predictor", "full")
EXTRAS = ("s3", "kserve", "ray")
_PIN = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)
_HEAD = """\
# What of others is in the images
Made by `make notices` from the distributions that requirements/predictor.txt and requirements/full.txt pin, and those
of the extras that an image can be built with (`make image EXTRAS=s3`). Each comes with its licence's text, which stays
where it installs it, in its folder `*.dist-info`; libraries that are compiled into one are named there, too. Python and
Debian, which are the base image, have their texts in /usr/share/doc.

| distribution | version | licence | home page | in |
|---|---|---|---|---|
"""


class NotInstalled(Exception):
    """What is pinned is not in this environment, or in another version; the message says which."""


def read_pins(name: str) -> dict[str, str]:
    """Versions by name of what requirements/<name>.txt pins."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return {pin["name"]: pin["version"] for pin in _PIN.finditer(text)}


def describe_pinned(name: str, version: str) -> Description:
    """Raises NotInstalled."""
    try:
        # Some packages bring others inside of them, and put those on the path.
        (found,) = Distribution.discover(name=name, path=[get_path("purelib")])
    except ValueError as error:
        raise NotInstalled(f"{name} is pinned but not installed; install requirements/dev.txt") from error
    description = describe(found.metadata)
    if description.version != version:
        raise NotInstalled(f"{name} is pinned to {version}, but {description.version} is installed")
    return description


def notices() -> str:
    """The whole file. Raises NotInstalled."""
    kinds = {name: read_pins(name) for name in (*IMAGES, *EXTRAS)}
    versions = {name: version for pins in reversed(kinds.values()) for name, version in pins.items()}
    return _HEAD + "".join(_row(describe_pinned(*pin), _where(pin[0], kinds)) for pin in sorted(versions.items()))


def _where(name: str, kinds: dict[str, dict[str, str]]) -> str:
    """The images that have it anyway, or the extras that bring it."""
    images = [image for image in IMAGES if name in kinds[image]]
    return ", ".join(images or [f"extra {extra}" for extra in EXTRAS if name in kinds[extra]])


def _row(one: Description, where: str) -> str:
    cells = (one.name, one.version, one.licence.replace("|", "or"), one.home_page, where)
    return f"| {' | '.join(cells)} |\n"


def main() -> int:
    """0 where the file is current, or has been made so."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="change nothing; say whether the file is current")
    is_check = arguments.parse_args().check
    try:
        expected = notices()
    except NotInstalled as error:
        print(error, file=sys.stderr)
        return 1
    if NOTICES.is_file() and NOTICES.read_text(encoding="utf-8") == expected:
        return 0
    if is_check:
        print(f"{NOTICES.name} is not what the requirements say; run `make notices`", file=sys.stderr)
        return 1
    NOTICES.write_text(expected, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
