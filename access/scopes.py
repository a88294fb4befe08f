"""What a key allows, and which scope a door needs. A door that is in no table needs the widest one."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum


class Scope(StrEnum):
    """What a key allows; `admin` allows all of it."""

    READ = "read"
    """Look at what there is."""
    INFER = "infer"
    """Ask for predictions."""
    DEPLOY = "deploy"
    """Add data and true labels, train, deploy through the gate, and end what was begun."""
    ADMIN = "admin"
    """Change what is judged by, and load, unload and register models without a gate."""


OPEN = None
"""In the place of a scope: the door takes no key."""

_PARAMETER = re.compile(r"\\\{[^{}]+?(:path)?\\\}")


class DoorScopes:
    """Scopes by path and method: a path is written as its route is, with `{name}` and `{name:path}`."""

    def __init__(self, table: Mapping[str, Mapping[str, Scope | None]]) -> None:
        self._table = table
        self._exact = {path: methods for path, methods in table.items() if "{" not in path}
        patterned = [(path, methods) for path, methods in table.items() if "{" in path]
        # The more of a path is given, the less its parameters say: longer ones first, and those to the end last.
        patterned.sort(key=lambda one: (":path}" in one[0], -one[0].count("/"), one[0].count("{")))
        self._patterned = [(re.compile(_pattern(path)), methods) for path, methods in patterned]

    def find(self, method: str, path: str) -> Scope | None:
        """The scope of a request, as its path is routed; OPEN where it takes no key. For a stranger it is ADMIN."""
        methods = self._exact.get(path)
        if methods is None:
            methods = next((found for pattern, found in self._patterned if pattern.fullmatch(path)), {})
        return methods.get("GET" if method == "HEAD" and "HEAD" not in methods else method, Scope.ADMIN)

    def joined(self, more: "DoorScopes") -> "DoorScopes":
        """Of both tables, which have no path in common."""
        return DoorScopes({**self._table, **more._table})

    def doors(self) -> Iterator[tuple[str, str, Scope | None]]:
        """All that the table has: method, path as its route is written, scope."""
        for path, methods in self._table.items():
            for method, scope in methods.items():
                yield method, path, scope


def _pattern(path: str) -> str:
    return _PARAMETER.sub(lambda found: ".*" if found[1] else "[^/]+", re.escape(path).replace(r"\:", ":"))
