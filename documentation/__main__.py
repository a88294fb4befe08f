"""Write the pages of docs/reference anew: `make reference-docs`.

python -m documentation            writes them
python -m documentation --check    changes nothing; exit code 1 where one is not current
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from documentation.markdown import NotDocumented
from documentation.reference import commands, doors, errors, metrics, schemas, settings, targets
from documentation.source import ROOT

PLACE = ROOT / "docs" / "reference"


def pages() -> Iterator[tuple[str, str]]:
    """Each file of docs/reference with what it has to be. Raises NotDocumented."""
    yield "commands.md", commands.page()
    yield "settings.md", settings.page()
    yield "metrics.md", metrics.page()
    yield "errors.md", errors.page()
    yield "api.md", doors.page()
    yield "schemas.md", schemas.page()
    for name in schemas.SCHEMAS:
        yield f"schemas/{name}.json", schemas.schema_file(name)
    yield "make.md", targets.page()


def outdated(place: Path) -> list[str]:
    """The files in `place` that are not current."""
    return [name for name, made in pages() if not (place / name).exists() or (place / name).read_text() != made]


def main() -> int:
    """0 when all are current, or have been made so."""
    parser = argparse.ArgumentParser(prog="python -m documentation")
    parser.add_argument("--check", action="store_true")
    try:
        if parser.parse_args().check:
            found = outdated(PLACE)
            for name in found:
                print(f"docs/reference/{name} is not what the program says; next: make reference-docs", file=sys.stderr)
            return 1 if found else 0
        for name, made in pages():
            (PLACE / name).parent.mkdir(parents=True, exist_ok=True)
            (PLACE / name).write_text(made, encoding="utf-8")
    except NotDocumented as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
