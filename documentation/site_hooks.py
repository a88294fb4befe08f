"""What MkDocs does beside its own for the site. The pages are written as they are read in the repository:

- A link may lead out of docs/. What it leads to becomes a part of the site, below `repository/`, a page where it is
  Markdown.
- A list may follow its paragraph without an empty line.
- A decision that is added needs no entry in mkdocs.yml.

Mermaid comes out of NiceGUI's wheel, which has it whole: Material itself would fetch it from a CDN.
"""

import posixpath
import re
from importlib.util import find_spec
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
_DOCS = "docs"
_OUTSIDE = "repository"
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)#\s]+)")
_ITEM = re.compile(r" {0,3}([-*]|\d+\.) ")
_FENCE = re.compile(r" {0,3}(```|~~~)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Decisions go into the navigation, below their list."""
    written = sorted(path.name for path in (ROOT / _DOCS / "decisions").glob("[0-9]*.md"))
    pages = [page for section in config.nav or () for page in next(iter(section.values())) if isinstance(page, dict)]
    for page in pages:
        if "Decisions" in page:
            page["Decisions"] = [page["Decisions"], *(f"decisions/{name}" for name in written)]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Whatever a page links to outside of docs/ is a part of the site, and so is Mermaid."""
    waiting = [f"{_DOCS}/{page.src_uri}" for page in files.documentation_pages()]
    while waiting:
        page = waiting.pop()
        for link in _LINK.findall((ROOT / page).read_text(encoding="utf-8")):
            target = _resolve(page, link)
            if _is_outside(target) and (ROOT / target).is_file() and files.get_file_from_path(_place(target)) is None:
                files.append(File.generated(config, _place(target), abs_src_path=str(ROOT / target)))
                if target.endswith(".md"):
                    waiting.append(target)
    for path in sorted(_mermaid().rglob("*.js")):
        files.append(File.generated(config, f"assets/mermaid/{path.name}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """The page as MkDocs wants it: links to where things are in the site, an empty line before each list."""
    here = page.file.src_uri
    source = here.removeprefix(f"{_OUTSIDE}/") if here.startswith(_OUTSIDE) else f"{_DOCS}/{here}"

    def lead(link: re.Match[str]) -> str:
        target = _resolve(source, link[1])
        place = _place(target) if _is_outside(target) else target.removeprefix(f"{_DOCS}/")
        return posixpath.relpath(place, posixpath.dirname(here) or ".")

    return _LINK.sub(lead, _set_lists_apart(markdown))


def _resolve(page: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def _is_outside(target: str) -> bool:
    return not target.startswith(f"{_DOCS}/")


def _place(target: str) -> str:
    return f"{_OUTSIDE}/{target}"


def _set_lists_apart(markdown: str) -> str:
    lines: list[str] = []
    is_code = False
    for line in markdown.splitlines():
        is_code ^= _FENCE.match(line) is not None
        before = lines[-1] if lines else ""
        is_first = _ITEM.match(line) and before.strip() and not _ITEM.match(before) and not before.startswith(" ")
        if is_first and not is_code:
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


def _mermaid() -> Path:
    nicegui = find_spec("nicegui")
    if nicegui is None or nicegui.origin is None:
        raise FileNotFoundError("NiceGUI is missing, which has Mermaid in it; expected assay[console] to be installed")
    return Path(nicegui.origin).parent / "elements" / "mermaid" / "dist"
