"""Tables and picture from the JSON of a run: `python -m benchmarks.report build/bench/results.json`.

With `--document` the tables take the place of those in a Markdown file, between the two marks; with `--picture` the
rates are drawn into an SVG; with neither the tables are printed.
"""

import argparse
from pathlib import Path

from benchmarks.picture import draw_rates
from benchmarks.results import Results
from benchmarks.tables import write_tables

BEGIN = "<!-- results: made by `make bench-docs` -->"
END = "<!-- /results -->"


def place_tables(document: str, results: Results) -> str:
    """`document` with the tables of `results` between its marks. Raises ValueError where it has none."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document has no {BEGIN} and {END}; expected both, the tables between them")
    return f"{before}{BEGIN}\n{write_tables(results)}{END}{after}"


def main() -> None:
    """Write what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report")
    parser.add_argument("results", type=Path, help="results.json of a run")
    parser.add_argument("--document", type=Path, help="Markdown with the two marks")
    parser.add_argument("--picture", type=Path, help="SVG to draw")
    given = parser.parse_args()
    results = Results.read(given.results)
    if given.document:
        text = place_tables(given.document.read_text(encoding="utf-8"), results)
        given.document.write_text(text, encoding="utf-8")
    if given.picture:
        given.picture.write_text(draw_rates(results), encoding="utf-8")
    if not (given.document or given.picture):
        print(write_tables(results), end="")


if __name__ == "__main__":
    main()
