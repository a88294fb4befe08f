"""A place to draw in, or to choose or paste a picture: the one element of the page that is our own in the browser."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui.element import Element
from nicegui.events import GenericEventArguments

_PNG = "data:image/png;base64,"


@dataclass(frozen=True, slots=True)
class GivenPicture:
    """What somebody drew or chose."""

    png: bytes
    """Empty where it was wiped out."""
    is_drawn: bool


class PictureInput(Element, component="picture_input.js"):
    """Calls `on_picture` after every stroke, for every picture, and when it is wiped out."""

    def __init__(
        self, label: str, hint: str, *, invert: bool, on_picture: Callable[[GivenPicture], Awaitable[None]]
    ) -> None:
        super().__init__()
        self._props["label"] = label
        self._props["hint"] = hint
        self._props["invert"] = invert

        async def read(event: GenericEventArguments) -> None:
            given = _read(event.args)
            if given is not None:
                await on_picture(given)

        self.on("picture", read)


def _read(sent: object) -> GivenPicture | None:
    """None for what no browser of ours sends."""
    match sent:
        case {"source": "cleared"}:
            return GivenPicture(b"", is_drawn=True)
        case {"source": ("drawn" | "chosen") as source, "png": str(png)} if png.startswith(_PNG):
            try:
                return GivenPicture(base64.b64decode(png.removeprefix(_PNG), validate=True), source == "drawn")
            except binascii.Error:
                return None
        case _:
            return None
