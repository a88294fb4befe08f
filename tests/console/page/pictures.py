"""Screenshots for the docs, small enough to be kept with them."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page


def keep_picture(page: Page, path: Path) -> None:
    """Write what `page` shows, all of it, in 128 colours."""
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(128, dither=Image.Dither.NONE).save(path, "PNG", optimize=True)
