"""What is installed in an image, and how large it is, as JSON. Run by its own Python, which has nothing else of ours.

A distribution's size is that of its files which are there, with their bytecode.
"""

import json
import os
import sysconfig
from importlib.metadata import distributions
from importlib.util import cache_from_source


def size_of(path: str) -> int:
    """In bytes; 0 where there is no such file."""
    return os.stat(path).st_size if os.path.isfile(path) else 0


def look() -> dict[str, object]:
    """`distributions`: name, version, bytes of each; `files`: bytes by path below site-packages."""
    place = sysconfig.get_paths()["purelib"]
    found = []
    for one in distributions(path=[place]):
        paths = [os.path.normpath(str(one.locate_file(file))) for file in one.files or ()]
        code = [cache_from_source(path) for path in paths if path.endswith(".py")]
        size = sum(size_of(path) for path in {*paths, *code})
        found.append({"name": one.metadata["Name"], "version": one.version, "bytes": size})
    files = {}
    for folder, _, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            files[os.path.relpath(path, place)] = size_of(path)
    return {"distributions": found, "files": files}


if __name__ == "__main__":
    print(json.dumps(look()))
