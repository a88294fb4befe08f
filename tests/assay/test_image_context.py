"""What the image is built from: every room that the program is made of, and everything that the Dockerfile copies."""

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
COPIED = [
    source
    for line in (REPOSITORY / "Dockerfile").read_text().splitlines()
    if line.startswith("COPY ") and "--from" not in line
    for source in line.split()[1:-1]
]


def test_every_room_of_the_wheel_is_copied_into_the_image() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    rooms = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(rooms) <= set(COPIED)


def test_what_is_copied_is_let_through_to_the_build() -> None:
    let_through = {
        line.removeprefix("!").rstrip("/")
        for line in (REPOSITORY / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert let_through == set(COPIED)
    assert all((REPOSITORY / source).exists() for source in COPIED)
    assert not [source for source in COPIED if re.search(r"[*?\[]", source)]
