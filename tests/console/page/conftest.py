import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.console.page.running_console import RunningConsole, run_console

CHROMIUM = Path("/usr/bin/chromium")
PICTURES = "CONSOLE_PICTURES"
"""A directory, where pictures for the docs are wanted: `make console-pictures`."""
Open = Callable[..., Page]


@pytest.fixture(scope="package")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    """A console with a data part and a holdout, before anything was trained."""
    with run_console(tmp_path_factory.mktemp("console")) as console:
        yield console


@pytest.fixture(scope="package")
def console(started: RunningConsole) -> RunningConsole:
    """The same with two experiments, of which the first one serves."""
    started.train_two_and_deploy_the_first()
    return started


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def contexts(browser: Browser) -> dict[str, BrowserContext]:
    """A window on a desk, and a telephone with dark colours; each loads the page's scripts but once."""
    made = {
        "desk": browser.new_context(viewport={"width": 1180, "height": 860}, color_scheme="light"),
        "phone": browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True),
    }
    for context in made.values():
        context.set_default_timeout(60_000)
    return made


@pytest.fixture
def open_view(contexts: dict[str, BrowserContext]) -> Iterator[Open]:
    """Opens a view at the desk, or on the phone. Nothing may be asked of another machine, and no script may fail."""
    pages: list[Page] = []
    strangers: list[str] = []
    errors: list[str] = []

    def open_view(url: str, device: str = "desk") -> Page:
        page = contexts[device].new_page()
        pages.append(page)
        page.on("request", lambda request: strangers.append(request.url) if is_foreign(request.url) else None)
        page.route(is_foreign, lambda route: route.abort())
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        page.locator("h1").wait_for()
        return page

    yield open_view
    for page in pages:
        page.close()
    assert (strangers, errors) == ([], [])


def is_foreign(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "data:", "blob:"))


@pytest.fixture
def keep_picture() -> Callable[[Page, str], None]:
    """Keeps what a page shows as docs/pictures have it, where pictures are wanted."""
    wanted = os.environ.get(PICTURES)

    def keep(page: Page, name: str) -> None:
        if wanted:
            from tests.console.page.pictures import keep_picture  # noqa: PLC0415  # Pillow, seldom

            keep_picture(page, Path(wanted) / f"console-{name}.png")

    return keep
