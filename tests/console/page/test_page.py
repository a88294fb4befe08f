"""The page in a real browser, in front of a real console: `assay console` with what it has trained and deployed.

Nothing that any of these pages asks for is from elsewhere: the fixture `open_view` sees to that, and that no script
fails.
"""

import re
import sqlite3
from collections.abc import Callable
from math import cos, pi, sin

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.console.page.conftest import Open
from tests.console.page.running_console import RunningConsole

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("console-page")]
Keep = Callable[[Page, str], None]
expect.set_options(timeout=60_000)


def overflow_of(page: Page) -> int:
    """Pixels that a page is wider than its window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def draw_zero(page: Page) -> None:
    box = page.locator("canvas").bounding_box()
    assert box is not None
    turns = [2 * pi * step / 24 for step in range(25)]
    places = [
        (box["x"] + (0.5 + 0.2 * cos(turn)) * box["width"], box["y"] + (0.5 + 0.32 * sin(turn)) * box["height"])
        for turn in turns
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places:
        page.mouse.move(*place)
    page.mouse.up()


def test_before_anything_is_there_each_view_says_what_to_do(started: RunningConsole, open_view: Open) -> None:
    page = open_view(started.view())
    expect(page.get_by_text("No model serves yet.")).to_be_visible()
    expect(page.get_by_text("Train one under Experiments, and deploy it there.")).to_be_visible()
    page = open_view(started.view("rollout"))
    expect(page.get_by_text("There is no rollout yet.")).to_be_visible()
    page = open_view(started.view("experiments"))
    expect(page.get_by_text("There is no experiment yet.")).to_be_visible()
    assert httpx.get(started.url, trust_env=False, follow_redirects=True).url == started.view()


def test_what_is_drawn_is_answered_with_a_bar_for_each_class(
    console: RunningConsole, open_view: Open, keep_picture: Keep
) -> None:
    page = open_view(console.view())
    draw_zero(page)
    bars = page.get_by_role("table", name="Probability of each class")
    expect(bars.get_by_role("row")).to_have_count(11)
    shares = [float(share.rstrip(" %")) for share in bars.locator("td.number").all_inner_texts()]
    assert sum(shares) == pytest.approx(100, abs=1)
    expect(page.locator(".said")).to_have_text("0")
    expect(bars.locator("tr.best th")).to_have_text("0")
    seen = page.get_by_alt_text("The picture as the model sees it, 8 by 8 samples")
    assert seen.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [8, 8]
    keep_picture(page, "try")
    page.get_by_role("button", name="Clear").click()
    expect(bars).to_have_count(0)


def test_a_row_that_is_filled_in_by_keyboard_is_answered_and_a_wrong_one_is_explained(
    console: RunningConsole, open_view: Open
) -> None:
    page = open_view(console.view())
    page.get_by_text("Or give the row itself").click()
    row = page.get_by_label("A row of 64 values, as CSV or JSON")
    row.fill("1,2,3")
    page.get_by_role("button", name="Ask the model").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("expected 64")
    page.get_by_role("button", name="Fill in an example").press("Enter")
    expect(row).not_to_have_value("1,2,3")
    page.get_by_role("button", name="Ask the model").press("Enter")
    expect(page.locator(".said")).to_have_text(re.compile(r"^\d$"))


def test_a_picture_is_chosen_as_a_file_and_what_is_none_is_said(console: RunningConsole, open_view: Open) -> None:
    page = open_view(console.view())
    chosen = page.get_by_label("Choose a picture")
    chosen.set_input_files({"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.get_by_role("alert")).to_contain_text("no.png is no picture that this browser reads")
    one = page.locator("canvas").screenshot()
    chosen.set_input_files({"name": "one.png", "mimeType": "image/png", "buffer": one})
    expect(page.locator(".said")).to_have_text(re.compile(r"^\d$"))
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_picture_is_drawn_with_a_finger_and_pasted(console: RunningConsole, open_view: Open) -> None:
    page = open_view(console.view(), "phone")
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    finger = page.context.new_cdp_session(page)
    for kind, y in (("touchStart", 0.2), ("touchMove", 0.5), ("touchMove", 0.8)):
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + y * box["height"]}
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator(".said")).to_have_text("1")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".said")).to_have_count(0)
    page.evaluate(PASTE)
    expect(page.locator(".said")).to_have_text(re.compile(r"^\d$"))


PASTE = """async () => {
  const board = new OffscreenCanvas(80, 80), context = board.getContext("2d");
  context.fillRect(0, 0, 80, 80);
  context.fillStyle = "#fff";
  context.fillRect(34, 8, 12, 64);
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([await board.convertToBlob()], "one.png", { type: "image/png" }));
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
}"""
"""What a browser does where somebody has copied a picture of a stroke and pastes it."""


def test_a_rollout_is_followed_and_ended_from_the_page(
    console: RunningConsole, open_view: Open, keep_picture: Keep
) -> None:
    page = open_view(console.view("experiments"))
    page.get_by_role("button", name="Deploy through the gate").click()
    page.get_by_role("button", name="Not now").click()
    assert len(console.ask("GET", "/deployments")) == 1
    steps = {"steps": [25, 50, 100], "minimum_requests": 100_000, "deadline_seconds": 600}
    console.ask("POST", "/deploy/2", json=steps)

    page = open_view(console.view("rollout"))
    expect(page.locator(".steps .now")).to_contain_text("25 %")
    expect(page.get_by_text("observing", exact=True)).to_be_visible()
    console.classify(times=120)
    expect(page.get_by_text("25 % to the canary")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^\d+\.\d % of \d+ requests$")).first).to_be_visible()
    expect(page.get_by_text("PROMOTE").first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("After 800 rows the difference in accuracy"))).to_be_visible()
    forest = page.locator("table.forest tbody tr")
    expect(forest).to_have_count(11)
    expect(forest.first).to_contain_text("not worse")
    keep_picture(page, "rollout")
    page.get_by_text("The interval as a table", exact=True).click()
    course = page.get_by_role("table", name="How the interval closed in, in points")
    expect(course.get_by_role("row")).to_have_count(11)
    expect(course.get_by_role("row").last).to_contain_text("800")
    phone = open_view(console.view("rollout"), "phone")
    expect(phone.locator("table.forest tbody tr")).to_have_count(11)
    assert overflow_of(phone) == 0

    page.get_by_role("button", name="Stop and go back to stable").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Everything goes to stable at once.")
    dialog.get_by_role("button", name="Let it go on").click()
    expect(dialog).to_have_count(0)
    assert console.ask("GET", "/rollouts/1")["rollout"]["state"] == "observing"
    page.get_by_role("button", name="Stop and go back to stable").click()
    page.get_by_label("Why (for the record)").fill("clients complain")
    page.get_by_role("button", name="Send everything to stable").click()
    expect(page.get_by_text("Rollout 1 is stopped; everything goes to stable.")).to_be_visible()
    expect(page.get_by_role("button", name="Stop and go back to stable")).to_have_count(0)
    record = console.ask("GET", "/rollouts/1")["rollout"]
    assert (record["state"], record["code"]) == ("restored", "ABORTED")
    assert "clients complain" in record["because"]
    expect(page.get_by_role("link", name="1", exact=True)).to_have_attribute("href", "./rollout?id=1")


def test_two_experiments_side_by_side(console: RunningConsole, open_view: Open, keep_picture: Keep) -> None:
    page = open_view(console.view("experiments"))
    page.get_by_label("Compare experiment 1").check()
    page.get_by_label("Compare experiment 2").check()
    page.get_by_role("button", name="Compare two").click()
    expect(page.get_by_role("heading", name="Experiment 2 against 1")).to_be_visible()
    first, second = (console.ask("GET", f"/metrics/{number}")["metrics"]["accuracy"] for number in (1, 2))
    expect(page.get_by_role("row", name=re.compile("^accuracy"))).to_contain_text(f"{first:.4f}")
    expect(page.get_by_role("row", name=re.compile("^accuracy"))).to_contain_text(f"{second:.4f}")
    expect(page.get_by_role("row", name=re.compile("^estimator.arguments.C"))).to_contain_text("10.0")
    expect(page.get_by_text("sklearn.linear_model.LogisticRegression")).to_have_count(0)
    expect(page.get_by_text(re.compile(r"accuracy [+-]\d+\.\d\d points, 95 % interval .* on 800 rows"))).to_be_visible()
    keep_picture(page, "experiments")
    page.get_by_text("Plots", exact=True).click()
    plot = page.get_by_alt_text("Confusion matrix of experiment 2")
    expect(plot).to_be_visible()
    assert plot.evaluate("image => image.naturalWidth") > 100


def test_data_are_counted_and_shown_as_pictures(console: RunningConsole, open_view: Open, keep_picture: Keep) -> None:
    page = open_view(console.view("data"))
    expect(page.get_by_role("heading", name="Classes of all parts")).to_be_visible()
    expect(page.get_by_alt_text("A row of the class 3").first).to_be_visible()
    rows = [int(text.split()[0]) for text in page.locator(".bars td.number").all_inner_texts()]
    assert sum(rows) == sum(part["rows"] for part in console.ask("GET", "/data"))
    keep_picture(page, "data")
    page.get_by_role("link", name="1", exact=True).click()
    expect(page.get_by_role("heading", name="Classes of part 1")).to_be_visible()


def test_a_training_is_started_and_ended_from_the_page(
    console: RunningConsole, open_view: Open, keep_picture: Keep
) -> None:
    page = open_view(console.view("experiments"))
    page.get_by_text("Start a training", exact=True).click()
    parameters = page.get_by_label("Parameters, as params.yaml has them")
    parameters.fill("model: {name: other")
    page.get_by_role("button", name="Train", exact=True).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("parameters, line 1: not YAML")
    parameters.fill("model: {name: other}\nseed: 321")
    page.get_by_role("button", name="Train", exact=True).press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("part 1 (200 rows)")
    expect(dialog).to_contain_text("321")
    keep_picture(page, "training")
    dialog.get_by_role("button", name="Not now").click()
    expect(dialog).to_have_count(0)
    known = len(console.ask("GET", "/experiments"))
    page.get_by_role("button", name="Train", exact=True).press("Enter")
    dialog.get_by_role("button", name="Start it").press("Enter")
    expect(page.get_by_text(f"Experiment {known + 1} is being trained.").first).to_be_visible()
    begun = console.ask("GET", f"/experiments/{known + 1}")
    assert (begun["model"], begun["by"], begun["parameters"]["seed"]) == ("other", "the console's page", 321)
    assert begun["parameters"]["estimator"]["arguments"] == {"max_iter": 200}  # the console's own

    phone = open_view(console.view("experiments"), "phone")
    phone.get_by_role("button", name=f"End experiment {known + 1}").tap()
    expect(phone.get_by_role("dialog")).to_contain_text(f"End experiment {known + 1}?")
    assert overflow_of(phone) == 0
    phone.get_by_role("button", name="End it").tap()
    expect(phone.get_by_role("button", name=f"End experiment {known + 1}")).to_have_count(0)
    console.wait_until(lambda: console.ask("GET", f"/experiments/{known + 1}")["state"] == "cancelled")


def test_names_that_are_html_are_shown_as_they_are(console: RunningConsole, open_view: Open) -> None:
    hostile = "<img src=x onerror=window.hacked=1>"
    columns = ",".join(["label", *(f"pixel_{row}_{column}" for row in range(8) for column in range(8))])
    content = f"{columns}\n<b>9</b>{',1' * 64}\n"
    named = {"name": f"{hostile}.csv"}
    console.ask("PUT", "/add_data", params=named, content=content, headers={"X-Assay-By": hostile})
    page = open_view(console.view("data"))
    expect(page.get_by_role("cell", name=hostile, exact=True)).to_be_visible()
    expect(page.get_by_role("rowheader", name="<b>9</b>")).to_be_visible()
    assert page.evaluate("window.hacked") is None


def test_a_prediction_is_found_again_and_given_its_true_label(
    console: RunningConsole, open_view: Open, keep_picture: Keep
) -> None:
    asked = console.classify(times=3)
    console.wait_until(lambda: asked[-1] in console.client.get("/predictions").text)
    page = open_view(console.view("predictions"))
    expect(page.get_by_text(asked[-1])).to_be_visible()
    keep_picture(page, "predictions")
    page = open_view(console.view(f"predictions?one={asked[-1]}"), "phone")
    expect(page.get_by_alt_text("What the model was asked")).to_be_visible()
    expect(page.get_by_text("not known").first).to_be_visible()
    assert overflow_of(page) == 0
    page.get_by_label("True label").click()
    page.get_by_role("option", name="7", exact=True).click()
    page.get_by_role("button", name="Keep the label").click()
    expect(page.get_by_text("The label 7 is kept")).to_be_visible()
    page.goto(console.view("predictions?kind=labelled"))
    expect(page.get_by_role("region", name="Found").locator("tbody tr")).to_have_count(1)
    page.goto(console.view("predictions?request_id=nobody"))
    expect(page.get_by_text("No such prediction is recorded")).to_be_visible()


def test_true_labels_show_in_the_drift_and_become_a_part(
    console: RunningConsole, open_view: Open, keep_picture: Keep
) -> None:
    rows = [[float((number + place) % 17) for place in range(64)] for number in range(12)]
    asked = [console.classify(row=row)[0] for row in rows]
    console.wait_until(lambda: asked[-1] in console.client.get("/predictions").text)
    console.ask("POST", "/feedback", json={"labels": [{"request_id": one, "label": "3"} for one in asked]})
    page = open_view(console.view("predictions?hours=168"))
    mix = page.get_by_role("table", name="Share of each class among the answers")
    expect(mix.get_by_role("row")).to_have_count(11)
    drift = console.ask("GET", "/drift?hours=168")
    expect(page.get_by_text(f"Stability index {drift['answers']['stability_index']:.3f}")).to_be_visible()
    assert sum(drift["answers"]["holdout"]) == 800
    labelled = drift["labelled"]
    expect(page.get_by_text(f"{labelled['right']} of {labelled['rows']} right")).to_be_visible()
    expect(page.get_by_role("link", name="week")).to_have_attribute("aria-current", "true")
    keep_picture(page, "drift")

    phone = open_view(console.view("data"), "phone")
    phone.get_by_label("Fewest new rows").fill("100")
    phone.get_by_role("button", name="Make a part").tap()
    expect(phone.get_by_role("alert")).to_contain_text("labelled rows that are not in the data set; expected 100")
    phone.get_by_label("Fewest new rows").fill("12")
    phone.get_by_role("button", name="Make a part").tap()
    expect(phone.get_by_text(re.compile(r"Part \d+ has 1[23] rows with their true labels"))).to_be_visible()
    assert overflow_of(phone) == 0
    assert console.ask("GET", "/data")[-1]["source"] == "feedback"


def test_predictions_come_back_with_the_database(console: RunningConsole, open_view: Open) -> None:
    with sqlite3.connect(console.state / "records.db", timeout=60) as records:
        records.execute("ALTER TABLE feedback RENAME TO away")
    try:
        page = open_view(console.view("predictions"))
        expect(page.get_by_role("alert").first).to_contain_text("This page tries again by itself.")
    finally:
        with sqlite3.connect(console.state / "records.db", timeout=60) as records:
            records.execute("ALTER TABLE away RENAME TO feedback")
    expect(page.get_by_role("button", name="Search")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_every_view_fits_a_phone_and_colours_follow_the_system_or_are_switched(
    console: RunningConsole, open_view: Open, keep_picture: Keep
) -> None:
    page = open_view(console.view(), "phone")
    draw_zero(page)
    page.locator(".said").wait_for()
    keep_picture(page, "try-phone")
    assert overflow_of(page) == 0
    for view in ("Experiments", "Data", "Predictions", "Rollout"):
        page.get_by_role("link", name=view, exact=True).click()
        page.get_by_role("heading", name=view, level=1, exact=True).wait_for()
        expect(page.locator(".loading")).to_have_count(0)
        assert overflow_of(page) == 0, view
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_label("Colours").select_option("light")
    expect(page.locator("body")).to_have_class(re.compile("body--light"))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.reload()
    expect(page.locator("body")).to_have_class(re.compile("body--light"))


def test_a_gateway_that_does_not_answer_is_said_with_what_to_do(console: RunningConsole, open_view: Open) -> None:
    with console.gateway_stopped():
        page = open_view(console.view())
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        expect(page.get_by_role("alert")).to_contain_text("assay split show")
    page.reload()
    page.locator("canvas").wait_for()


def test_the_keyboard_reaches_everything_and_each_thing_has_a_name_and_a_frame(
    console: RunningConsole, open_view: Open
) -> None:
    page = open_view(console.view())
    page.locator("canvas").wait_for()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    names = [one["name"] for one in reached]
    assert names[0] == "To the content"
    wanted = ["Try", "Rollout", "Experiments", "Data", "Predictions", "Colours", "Drawing area for Handwritten digits"]
    assert [name for name in names if name in wanted] == wanted
    assert "Choose a picture" in names
    assert [one for one in reached if not one["name"] or not one["outline"]] == []


@pytest.mark.parametrize("view", ["rollout", "experiments", "data", "predictions"])
def test_the_keyboard_goes_round_each_view(console: RunningConsole, open_view: Open, view: str) -> None:
    page = open_view(console.view(view))
    expect(page.locator(".loading")).to_have_count(0)
    wanted: int = page.evaluate(FOCUSABLE)
    reached = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert [one for one in reached if not one["name"] or not one["outline"]] == []
    assert reached[0]["name"] == "To the content"


FOCUSABLE = """() => [...document.querySelectorAll("a[href], button, input, select, summary, textarea, [tabindex='0']")]
  .filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex >= 0).length"""
"""How many things the keyboard should reach."""

FOCUSED = """() => {
  const element = document.activeElement;
  const label = element.labels?.[0]?.innerText;
  const name = element.getAttribute("aria-label") || label || element.innerText || element.title || "";
  const field = element.closest(".q-field__control");
  const shown = element.matches("input[type=file]") ? element.parentElement : field ?? element;
  const style = getComputedStyle(shown, shown.matches(".q-btn") ? "::after" : null);
  return {
    name: name.split("\\n")[0].trim(),
    outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
  };
}"""
"""What has the focus: its name, and whether it is seen to have it."""
