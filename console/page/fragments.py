"""The page's HTML, from templates that escape whatever they are given."""

from asyncio import sleep, to_thread
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nicegui import ui

from access.errors import AccessError
from bundle import BundleError
from console.errors import ConsoleError
from console.page import wording
from content_store.errors import ContentStoreError
from dataset import DatasetError
from promotion.errors import PromotionError
from records.errors import RecordsError
from training.errors import TrainingError

SHOWN_ERRORS = (
    *(AccessError, BundleError, ConsoleError, ContentStoreError, DatasetError),
    *(PromotionError, RecordsError, TrainingError),
)
"""What the services raise: one line for a person each."""
T = TypeVar("T")
AGAIN_SECONDS = 3.0
TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "short": wording.short_digest,
        "points": wording.points,
        "share": wording.share,
        "time": wording.time_of_day,
        "moment": wording.moment,
        "metric": wording.metric,
        "change": wording.change,
        "breakable": wording.breakable,
    }
    return environment


def render(template: str, **values: object) -> str:
    """The HTML of a template; raises jinja2's UndefinedError for a value that is missing."""
    return _environment().get_template(template).render(**values)


class Fragment:
    """A place of the page that shows a template; it is sent to the browser only where it has changed."""

    def __init__(self, *, live: bool = False) -> None:
        self._element = ui.html(sanitize=False)  # every template escapes
        if live:
            self._element.props("aria-live=polite")

    def show(self, template: str, **values: object) -> None:
        """Show `template` with `values`."""
        content = render(template, **values)
        if content != self._element.content:
            self._element.set_content(content)

    def clear(self) -> None:
        """Show nothing."""
        self._element.set_content("")

    @property
    def is_gone(self) -> bool:
        """Whether the page that it was on has been left."""
        return self._element.is_deleted

    def remove(self) -> None:
        """Take the place itself away; nothing can be shown in it any more."""
        self._element.delete()


async def read_or_say(
    place: Fragment,
    read: Callable[[], T],
    step: str = "Nothing was changed. Once it is there again, load this page anew.",
) -> T | None:
    """What `read` returns, called in a thread; None where it fails in a way that is said in `place` instead."""
    try:
        return await to_thread(read)
    except SHOWN_ERRORS as error:
        place.show("away.html", text=str(error), next_step=step)
        return None


async def read_at_last(place: Fragment, read: Callable[[], T]) -> T | None:
    """The same, again and again until it does not fail; None where the page has gone meanwhile."""
    step = "Nothing was changed. This page tries again by itself."
    while (found := await read_or_say(place, read, step)) is None:
        await sleep(AGAIN_SECONDS)
        if place.is_gone:
            return None
    return found
