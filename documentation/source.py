"""What can be read off the rooms' source without running it: classes, their bases, what they say of themselves."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = (
    "access",
    "assay",
    "bundle",
    "console",
    "content_store",
    "dataset",
    "open_inference",
    "predictor",
    "promotion",
    "records",
    "training",
)


@dataclass(frozen=True, slots=True)
class SourceClass:
    """A class of a room, with the first paragraph of its docstring."""

    room: str
    module: str
    name: str
    bases: tuple[str, ...]
    text: str


def read_classes() -> Iterator[SourceClass]:
    """All classes of all rooms, by room and module."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    bases = tuple(ast.unparse(base).split(".")[-1] for base in node.bases)
                    text = (ast.get_docstring(node) or "").split("\n\n")[0]
                    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                    yield SourceClass(room, module, node.name, bases, text)


def errors_among(classes: list[SourceClass]) -> list[SourceClass]:
    """Those that can be raised: Exception is among their bases, or theirs."""
    known = {"Exception"}
    found: list[SourceClass] = []
    while grown := [one for one in classes if one not in found and known & set(one.bases)]:
        found += grown
        known |= {one.name for one in grown}
    return sorted((one for one in found if not one.name.startswith("_")), key=classes.index)


def member_texts(module: Path, class_name: str) -> dict[str, str]:
    """What stands below each member of an enumeration, by name."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    body = next(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == class_name)
    texts: dict[str, str] = {}
    for node, after in pairwise(body):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(after, ast.Expr):
            texts[node.targets[0].id] = str(ast.literal_eval(after.value))
    return texts
