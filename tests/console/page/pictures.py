"""Screenshots for the docs, small enough to be kept with them."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

_MOVED = """Promise.all(document.getAnimations()
    .filter(one => one.effect.getComputedTiming().endTime !== Infinity)
    .map(one => one.finished.catch(() => null)))"""


def keep_picture(page: Page, path: Path) -> None:
    """Write what `page` shows once nothing moves any more, all of it, in 128 colours."""
    page.evaluate(f"async () => {{ await {_MOVED} }}")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(128, dither=Image.Dither.NONE).save(path, "PNG", optimize=True)
