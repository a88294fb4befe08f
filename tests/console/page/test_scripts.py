"""What runs on the page, in a real browser: our scripts, and none that somebody has put into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from access.key_file import create_key
from access.scopes import Scope
from tests.console.console_process import ConsoleProcess
from tests.predictor.bundles import write_digits_bundle
from tests.predictor.server_process import ServerProcess
from tests.promotion.evidence.predictors import find_free_port

ELSEWHERE = "http://elsewhere.localhost/"
VIEWS = ("", "rollout", "experiments", "data", "predictions")
INJECTED = """() => {
  window.ran = [];
  window.violations = [];
  document.addEventListener("securitypolicyviolation", event => window.violations.push(event.effectiveDirective));
  const at = document.createElement("div");
  document.body.append(at);
  at.innerHTML = '<img src="x" onerror="window.ran.push(1)"><svg onload="window.ran.push(2)"></svg>';
  const script = document.createElement("script");
  script.textContent = "window.ran.push(3)";
  document.body.append(script);
  const foreign = document.createElement("script");
  foreign.src = "http://localhost:1/x.js";
  document.body.append(foreign);
  const frame = document.createElement("iframe");
  frame.src = "data:text/html,x";
  document.body.append(frame);
  const link = document.createElement("a");
  link.href = "javascript:window.ran.push(4)";
  document.body.append(link);
  link.click();
}"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    """A console that asks for keys; `reader` and `team` hold one each."""
    folder = tmp_path_factory.mktemp("guarded")
    for name, scopes in (("reader", [Scope.READ]), ("team", [Scope.READ, Scope.DEPLOY])):
        _, key = create_key(folder / "keys.json", name, scopes, now=datetime.now(UTC))
        (folder / name).write_text(key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_CONSOLE_KEYS_FILE", str(folder / "keys.json"))
        arguments = ("--holdout", "digits:holdout", "--data", "digits:part-1")
        with ConsoleProcess(folder / "state", find_free_port(), *arguments) as console:
            yield console


@contextmanager
def signed_in(browser: Browser, console: ConsoleProcess, name: str, view: str = "") -> Iterator[tuple[Page, list[str]]]:
    """A page after signing in, and what the browser's log says of policies."""
    with browser.new_context() as context:
        page = context.new_page()
        refused: list[str] = []
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("pageerror", lambda error: refused.append(str(error)))
        page.goto(f"{console.url}/page/{view}")
        assert page.title() == "Sign in · Assay"
        page.get_by_label("Key").fill((console.state.parent / name).read_text())
        page.get_by_role("button", name="Sign in").click()
        page.locator("h1").wait_for()
        yield page, refused


def test_no_view_breaks_the_policy_that_it_comes_with(browser: Browser, place: ConsoleProcess) -> None:
    with signed_in(browser, place, "reader") as (page, refused):
        for view in VIEWS:
            answer = page.goto(f"{place.url}/page/{view}")
            assert answer is not None
            policy = answer.headers["content-security-policy"]
            assert "script-src 'self' 'nonce-" in policy
            assert "'unsafe-inline'" not in policy.split("style-src")[0]
            page.locator("h1").wait_for()
            page.wait_for_timeout(1500)
        assert refused == []


def test_a_script_that_somebody_has_put_into_the_page_does_not_run(browser: Browser, place: ConsoleProcess) -> None:
    with signed_in(browser, place, "reader", "data") as (page, refused):
        page.wait_for_timeout(500)
        assert refused == []
        page.evaluate(INJECTED)
        page.wait_for_timeout(1000)
        assert page.evaluate("window.ran") == []
        assert {"script-src-attr", "script-src-elem", "frame-src"} <= set(page.evaluate("window.violations"))


def test_two_answers_have_two_nonces(place: ConsoleProcess, browser: Browser) -> None:
    with signed_in(browser, place, "reader") as (page, _):
        policies = set()
        for _ in range(2):
            answer = page.goto(f"{place.url}/page/")
            assert answer is not None
            policies.add(answer.headers["content-security-policy"])
        assert len(policies) == 2


def test_who_may_only_look_is_told_so_when_pressing_a_button(browser: Browser, place: ConsoleProcess) -> None:
    for name, said in (("reader", "the key reader does not allow it"), ("team", "is being trained")):
        with signed_in(browser, place, name, "experiments") as (page, _):
            page.get_by_text("Start a training", exact=True).click()
            page.get_by_role("button", name="Train", exact=True).click()
            page.get_by_role("button", name="Start it").click()
            page.get_by_text(said).first.wait_for()
    with httpx.Client(base_url=place.url, trust_env=False) as client:
        key = (place.state.parent / "reader").read_text()
        (one,) = client.get("/experiments", headers={"authorization": f"Bearer {key}"}).json()
        assert one["by"] == "team at the console's page"


def test_who_signs_out_is_out_and_an_open_page_says_no_more(browser: Browser, place: ConsoleProcess) -> None:
    with signed_in(browser, place, "reader") as (page, _):
        other = page.context.new_page()
        other.goto(f"{place.url}/page/experiments")
        other.get_by_text("Start a training", exact=True).click()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Key").wait_for()
        other.get_by_role("button", name="Train", exact=True).click()
        other.get_by_text("Connection lost").wait_for()
        assert not other.get_by_role("button", name="Start it").is_visible()
        page.goto(f"{place.url}/page/data")
        assert page.title() == "Sign in · Assay"


def test_another_site_frames_no_page_of_ours_and_posts_nothing(browser: Browser, place: ConsoleProcess) -> None:
    with signed_in(browser, place, "team") as (page, _):
        statuses: list[int] = []
        page.on("response", lambda answer: statuses.append(answer.status) if "/cancel" in answer.url else None)
        page.route(ELSEWHERE, lambda route: route.fulfill(content_type="text/html", body="<h1>x</h1>"))
        page.goto(ELSEWHERE)
        page.evaluate(
            """async url => {
              await fetch(url, {method: "POST", credentials: "include", mode: "no-cors"}).catch(() => 0);
              const form = Object.assign(document.createElement("form"), {method: "post", action: url});
              document.body.append(form);
              form.submit();
            }""",
            f"{place.url}/jobs/1/cancel",
        )
        page.wait_for_timeout(1000)
        assert set(statuses) == {403}
        page.goto(ELSEWHERE)
        page.evaluate("url => { document.body.innerHTML = `<iframe src=${url}></iframe>` }", f"{place.url}/sign-in")
        page.wait_for_timeout(1000)
        assert not [frame for frame in page.frames if frame.url.startswith(place.url)]


@pytest.mark.parametrize("of", ["console", "predictor"])
def test_the_docs_of_the_api_break_no_policy(browser: Browser, place: ConsoleProcess, tmp_path: Path, of: str) -> None:
    bundle = write_digits_bundle(tmp_path)
    with ServerProcess(bundle.path, tmp_path / "log") as server, browser.new_context() as context:
        page = context.new_page()
        if of == "console":
            page.goto(f"{place.url}/page/")
            page.get_by_label("Key").fill((place.state.parent / "reader").read_text())
            page.get_by_role("button", name="Sign in").click()
            page.locator("h1").wait_for()
        refused: list[str] = []
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
        answer = page.goto(f"{place.url if of == 'console' else server.wait_until_ready().url}/docs")
        page.locator(".opblock").first.wait_for()
        page.locator(".opblock-summary-control").first.click()
        page.wait_for_timeout(500)
        assert refused == []
        assert answer is not None
        assert "script-src 'self' 'sha256-" in answer.headers["content-security-policy"]
        for name, value in {
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
        }.items():
            assert answer.headers[name] == value
