"""docs/presentation.md as a PDF, a slide between two rules: `make presentation`.

python -m documentation.presentation build/presentation.pdf
"""

import argparse
import re
import sys
from pathlib import Path

from markdown import markdown
from playwright.sync_api import sync_playwright

from documentation.source import ROOT

PAGE = ROOT / "docs" / "presentation.md"
CHROMIUM = Path("/usr/bin/chromium")
_STYLE = """
@page { size: 1280px 720px; margin: 0 }
* { box-sizing: border-box }
body { margin: 0; font: 27px/1.4 sans-serif; color: #1f2430 }
section { width: 1280px; height: 720px; padding: 56px 80px; overflow: hidden; break-after: page }
section:last-child { break-after: auto }
h1 { font-size: 76px; margin: 150px 0 20px; color: #3f51b5 }
h2 { font-size: 46px; margin: 0 0 26px; color: #3f51b5 }
table { border-collapse: collapse; font-size: 24px }
td, th { text-align: left; padding: 5px 26px 5px 0; border-bottom: 1px solid #c9cddb }
code { font: 22px monospace }
pre { background: #f2f3f8; padding: 18px }
pre code { font-size: 20px }
blockquote { margin: 0; border-left: 6px solid #3f51b5; padding-left: 20px }
img { width: 1120px; height: 470px; object-fit: cover; object-position: top }
"""


class SlideTooFull(Exception):
    """A slide has more on it than fits; the message names it."""


def read_slides(page: str) -> list[str]:
    """Each slide as HTML. Links are their words: they lead to pages that are not beside a PDF."""
    slides = [markdown(slide, extensions=["tables"]) for slide in re.split(r"^---$", page, flags=re.MULTILINE)]
    return [re.sub(r"</?a\b[^>]*>", "", slide) for slide in slides]


def write_pdf(page: Path, pdf: Path) -> int:
    """Write the slides; how many they are. Raises SlideTooFull."""
    slides = read_slides(page.read_text(encoding="utf-8"))
    sections = "".join(f"<section>{slide}</section>" for slide in slides)
    draft = page.parent / ".presentation.html"  # beside the page, whose pictures it shows
    draft.write_text(f"<!doctype html><meta charset='utf-8'><style>{_STYLE}</style>{sections}", encoding="utf-8")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            shown = browser.new_page(viewport={"width": 1280, "height": 720})
            shown.goto(draft.as_uri())
            heights = shown.evaluate("[...document.querySelectorAll('section')].map(one => one.scrollHeight)")
            for number, height in enumerate(heights, 1):
                if height > 720:
                    raise SlideTooFull(f"{page.name}: slide {number} is {height} pixels high; expected at most 720")
            pdf.parent.mkdir(parents=True, exist_ok=True)
            shown.pdf(path=pdf, prefer_css_page_size=True, print_background=True)
            browser.close()
    finally:
        draft.unlink()
    return len(slides)


def main() -> int:
    """Write it; exit code 1 where a slide is too full, or Chromium is missing."""
    parser = argparse.ArgumentParser(prog="python -m documentation.presentation")
    parser.add_argument("pdf", type=Path)
    pdf: Path = parser.parse_args().pdf
    if not CHROMIUM.exists():
        print(f"{CHROMIUM} is missing: apt-get install chromium", file=sys.stderr)
        return 1
    try:
        slides = write_pdf(PAGE, pdf)
    except SlideTooFull as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{pdf} is written: {slides} slides")
    return 0


if __name__ == "__main__":
    sys.exit(main())
