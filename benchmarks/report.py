"""Tables and picture from the JSON of a run: `python -m benchmarks.report build/bench/results.json`.

With `--document` the tables take the place of those in a Markdown file, between the two marks, with `--recording` the
one of what recording costs, between its own; with `--picture` the rates are drawn into an SVG; with neither document
nor picture the tables are printed.
"""

import argparse
from pathlib import Path

from benchmarks.picture import draw_rates
from benchmarks.results import Results
from benchmarks.tables import write_recording_part, write_tables

BEGIN = "<!-- results: made by `make bench-docs` -->"
END = "<!-- /results -->"
RECORDING_BEGIN = "<!-- recording: made by `make bench-recording-docs` -->"
RECORDING_END = "<!-- /recording -->"


def place_tables(document: str, results: Results) -> str:
    """`document` with the tables of `results` between its marks. Raises ValueError where it has none."""
    return _place(document, BEGIN, write_tables(results), END)


def place_recording(document: str, results: Results) -> str:
    """The same with what recording costs, where it has a part of its own."""
    return _place(document, RECORDING_BEGIN, write_recording_part(results), RECORDING_END)


def _place(document: str, begin: str, tables: str, end: str) -> str:
    before, found, rest = document.partition(begin)
    _, ends, after = rest.partition(end)
    if not (found and ends):
        raise ValueError(f"the document has no {begin} and {end}; expected both, the tables between them")
    return f"{before}{begin}\n{tables}{end}{after}"


def main() -> None:
    """Write what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report")
    parser.add_argument("results", type=Path, help="results.json of a run")
    parser.add_argument("--document", type=Path, help="Markdown with the two marks")
    parser.add_argument("--recording", action="store_true", help="only what recording costs")
    parser.add_argument("--picture", type=Path, help="SVG to draw")
    given = parser.parse_args()
    results = Results.read(given.results)
    if given.document:
        place = place_recording if given.recording else place_tables
        text = place(given.document.read_text(encoding="utf-8"), results)
        given.document.write_text(text, encoding="utf-8")
    if given.picture:
        given.picture.write_text(draw_rates(results), encoding="utf-8")
    if not (given.document or given.picture):
        print(write_tables(results), end="")


if __name__ == "__main__":
    main()
