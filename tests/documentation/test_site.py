"""The site that `make docs` builds needs no network, whichever page is opened in a browser that has none."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from documentation.site_hooks import ROOT, on_page_markdown
from tests.console.page.conftest import CHROMIUM, is_foreign

_LOADED = re.compile(r"<(?:audio|iframe|img|link|script|source|video)\b[^>]*?\b(?:src|href)=\"?(?:https?:)?//[^>]*>")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(built)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return built


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_no_page_loads_anything_from_another_address(site: Path) -> None:
    pages = {path.relative_to(site): path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert len(pages) > 20
    assert {str(path): found for path, page in pages.items() if (found := _LOADED.findall(page))} == {}


@pytest.mark.slow
def test_diagrams_and_search_need_no_network(address: str, browser: Browser) -> None:
    strangers: list[str] = []

    def watched(page: Page) -> Page:
        page.set_default_timeout(60_000)
        page.on("request", lambda request: strangers.append(request.url) if is_foreign(request.url) else None)
        page.route(is_foreign, lambda route: route.abort())
        return page

    desk = watched(browser.new_page(viewport={"width": 1180, "height": 860}))
    desk.goto(f"{address}/index.html")
    desk.get_by_role("textbox", name="Search").click()
    desk.get_by_role("textbox", name="Search").press_sequentially("guardrails")  # the page looks at keys alone
    expect(desk.locator(".md-search-result__item").first).to_contain_text("uardrails", timeout=60_000)

    phone = watched(browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark"))
    phone.goto(f"{address}/data-model.html")
    expect(phone.locator(".diagram svg")).to_be_visible(timeout=60_000)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    assert strangers == []


def test_a_list_that_follows_its_paragraph_is_a_list() -> None:
    asked: Any = SimpleNamespace(file=SimpleNamespace(src_uri="gate.md"))
    page = "A step\n1. asks [both](../README.md);\n2. waits\n   longer.\n\n```\na\n- b\n```\n"
    expected = "A step\n\n1. asks [both](repository/README.md);\n2. waits\n   longer.\n\n```\na\n- b\n```"
    assert on_page_markdown(page, asked) == expected
