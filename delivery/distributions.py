"""What a distribution says of itself, in its metadata: version, licence and home page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageMetadata

HOME_PAGES = ("repository", "source", "source code", "code", "github", "homepage", "home page", "home", "documentation")
"""Labels of a project's addresses, the best first; whatever else it names, such as a download, is not its home page."""
NOT_STATED = "see its licence file"
_SHORT = 60  # the field License may hold a whole licence


@dataclass(frozen=True, slots=True)
class Description:
    """A distribution in a line. `home_page` is empty where it names none."""

    name: str
    version: str
    licence: str
    home_page: str


def describe(metadata: PackageMetadata) -> Description:
    """The description of the distribution that `metadata` is of."""
    return Description(normalized(metadata["Name"]), metadata["Version"], _licence(metadata), _home_page(metadata))


def normalized(name: str) -> str:
    """A distribution's name as requirements have it: Flask_CORS is flask-cors."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _licence(metadata: PackageMetadata) -> str:
    fields = metadata.json
    stated = str(fields.get("license_expression") or fields.get("license") or "").strip()
    if stated and len(stated) <= _SHORT and "\n" not in stated and "://" not in stated:
        return stated
    classifiers = [line.split(" :: ") for line in fields.get("classifier", []) if line.startswith("License ::")]
    return " or ".join(words[-1] for words in classifiers) or NOT_STATED


def _home_page(metadata: PackageMetadata) -> str:
    addresses = dict(_addresses(metadata.json.get("project_url", [])))
    named = next((addresses[label] for label in HOME_PAGES if label in addresses), None)
    return named or str(metadata.json.get("home_page") or "")


def _addresses(project_urls: str | list[str]) -> Iterator[tuple[str, str]]:
    for line in project_urls:
        label, _, address = line.partition(",")
        yield label.strip().lower(), address.strip()
