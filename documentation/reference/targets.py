"""The targets of the Makefile, by its own comments."""

import re
from collections.abc import Iterator

from documentation.markdown import GENERATED, code, said, table
from documentation.source import ROOT

_INTRODUCTION = """# Make targets
`make` alone lists them, too. Variables in brackets may be given behind the target: `make demo DATA=folder`.
"""
_GROUP = re.compile(r"^##@ (?P<title>.+)|^\.PHONY: (?P<targets>.+)|^(?P<target>[a-z-]+):[^#=]*(#+ (?P<text>.+))?$")


def page() -> str:
    """A table for each group."""
    parts = [_INTRODUCTION]
    for title, rows in read_targets():
        parts.append(f"## {title}\n\n{table(('target', 'what'), rows)}")
    return GENERATED + "\n".join(parts)


def read_targets() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each group with its targets."""
    title, targets, rows = "", set[str](), list[tuple[str, str]]()
    for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines():
        if not (found := _GROUP.match(line)):
            continue
        if found["title"]:
            if title:
                yield title, rows
            title, rows = found["title"], []
        elif found["targets"]:
            targets |= set(found["targets"].split())
        elif found["target"] in targets:
            rows.append((code(f"make {found['target']}"), said(found["text"], f"make {found['target']}")))
    yield title, rows
