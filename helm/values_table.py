"""The tables of values in helm/assay/README.md, made from the comments in helm/assay/values.yaml.

    python helm/values_table.py            writes them into the README
    python helm/values_table.py --check    changes nothing; exit code 1 when the README is not current

The comment above a key documents it, and a key without one is an error. A map that is empty in values.yaml has its keys
documented in its comment: a line that begins with `.key:`, continued by indented lines.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

CHART = Path(__file__).parent / "assay"
BEGIN = "<!-- values: made from values.yaml by `make chart-docs` -->"
END = "<!-- /values -->"
_FURTHER_KEY = re.compile(r"\.(?P<path>[A-Za-z.]+): (?P<text>.*)")


class UndocumentedValue(Exception):
    """A key of values.yaml has no comment; the message names line and key."""


@dataclass(frozen=True, slots=True)
class Comment:
    """What stands above a key: its text, and the text of each further key below it, in order."""

    text: str
    further: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Value:
    """A row of a table. `default` is JSON, or None for a key that is not there unless somebody sets it."""

    path: str
    text: str
    default: str | None


def read_comment(lines: list[str], key_line: int) -> Comment | None:
    """The comment that ends right above line `key_line` (counted from 0); None where there is none."""
    first = key_line
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    text: list[str] = []
    further: dict[str, str] = {}
    current = None
    for line in lines[first:key_line]:
        content = line.lstrip()[1:].removeprefix(" ")
        match = _FURTHER_KEY.fullmatch(content)
        if match:
            current = match["path"]
            further[current] = match["text"]
        elif current is not None and content.startswith(" "):
            further[current] += " " + content.strip()
        else:
            text.append(content.strip())
    return Comment(" ".join(text), further) if text or further else None


def rows(node: yaml.MappingNode, path: str, lines: list[str]) -> Iterator[Value]:
    """A row for each key that holds no further map, depth first. Raises UndocumentedValue."""
    for key, child in node.value:
        name = f"{path}.{key.value}" if path else key.value
        comment = read_comment(lines, key.start_mark.line)
        is_branch = isinstance(child, yaml.MappingNode) and child.value and not _is_one_line(child)
        if comment is None and not is_branch:
            raise UndocumentedValue(f"values.yaml, line {key.start_mark.line + 1}: {name} has no comment above it")
        if is_branch:
            yield from rows(child, name, lines)
        elif comment is not None:
            yield Value(name, comment.text, json.dumps(yaml.safe_load(yaml.serialize(child))))
            for further, text in comment.further.items():
                yield Value(f"{name}.{further}", text, None)


def _is_one_line(node: yaml.Node) -> bool:
    return node.start_mark.line == node.end_mark.line


def tables(values_text: str) -> str:
    """Markdown: for each key at the top a heading, its comment, and its default or a table of what is below it."""
    lines = values_text.splitlines()
    root = yaml.compose(values_text)
    if not isinstance(root, yaml.MappingNode):
        raise UndocumentedValue("values.yaml: no keys")
    parts = []
    for key, child in root.value:
        comment = read_comment(lines, key.start_mark.line)
        if comment is None:
            raise UndocumentedValue(f"values.yaml, line {key.start_mark.line + 1}: {key.value} has no comment above it")
        found = list(rows(yaml.MappingNode(root.tag, [(key, child)]), "", lines))
        below = [value for value in found if value.path != key.value]
        heading = f"### `{key.value}`\n{comment.text}"
        parts.append(f"{heading}\n\n{_table(below)}" if below else f"{heading} Default: `{found[0].default}`\n")
    return "\n".join(parts)


def _table(found: list[Value]) -> str:
    lines = ["| value | what it is | default |", "|---|---|---|"]
    for value in found:
        default = "" if value.default is None else f"`{value.default}`"
        lines.append(f"| `{value.path}` | {value.text.replace('|', '&#124;')} | {default} |")
    return "\n".join(lines) + "\n"


def with_tables(readme: str, values_text: str) -> str:
    """`readme` with what stands between its two marks replaced."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{tables(values_text)}{END}{after}"


def main() -> int:
    """0 when the README is current, or has been made so."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="change nothing; say whether the README is current")
    is_check = arguments.parse_args().check
    readme = CHART / "README.md"
    there = readme.read_text(encoding="utf-8")
    try:
        expected = with_tables(there, (CHART / "values.yaml").read_text(encoding="utf-8"))
    except UndocumentedValue as error:
        print(error, file=sys.stderr)
        return 1
    if there == expected:
        return 0
    if is_check:
        print("helm/assay/README.md is not what values.yaml says; run `make chart-docs`", file=sys.stderr)
        return 1
    readme.write_text(expected, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
