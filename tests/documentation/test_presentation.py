"""Ten slides, each of which fits."""

import re
from pathlib import Path

import pytest

from documentation.presentation import CHROMIUM, PAGE, SlideTooFull, read_slides, write_pdf


def test_there_are_ten_slides_and_no_link_to_where_they_were_made() -> None:
    slides = read_slides(PAGE.read_text(encoding="utf-8"))
    assert len(slides) == 10
    assert not [slide for slide in slides if "href" in slide]


@pytest.mark.slow
def test_each_slide_is_a_page_and_one_that_is_too_full_is_named(tmp_path: Path) -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    pdf = tmp_path / "slides.pdf"
    assert write_pdf(PAGE, pdf) == 10
    assert len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) == 10
    page = tmp_path / "page.md"
    page.write_text("# One\n---\n# Two\n" + "\n\n".join(["a line"] * 40))
    with pytest.raises(SlideTooFull, match="slide 2 is"):
        write_pdf(page, pdf)
    assert list(tmp_path.glob(".*")) == []
