"""Handing in with a real browser: a good model, a broken one, one that fails when it is run."""

import json
import re
from pathlib import Path

import pytest
from onnx import helper
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.visitor import JUDGED, Visitor
from tests.entries.making import model, save, value

pytestmark = pytest.mark.browser

# Every different text that the panel shows; the session's storage outlives the reload at the end.
_WATCH_PANEL = """
(() => {
  const panel = document.getElementById("panel");
  const seen = new Set();
  const look = () => {
    seen.add(panel.innerText);
    sessionStorage.seen = JSON.stringify([...seen]);
  };
  new MutationObserver(look).observe(panel, { childList: true, subtree: true });
})()
"""


def test_a_model_is_handed_in_judged_ranked_and_shown(visit: Visit, reinhard: Path) -> None:
    visitor = visit()
    page = visitor.page
    name = visitor.sign_up()
    visitor.hand_in(reinhard)
    expect(page.get_by_text("passed the static checks and is queued")).to_be_visible()

    see_it_judged(page)
    page.get_by_role("link", name="Scores and pictures", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Reinhard")
    expect(page.locator(".scores__item--main .scores__value")).to_have_text(re.compile(r"\d"))

    page.get_by_role("link", name="Open wall").click()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row.locator(".board__rank")).to_have_text(re.compile(r"\d"))
    row.get_by_role("link", name=re.compile("Reinhard")).click()
    slide_the_first_picture(page)


def see_it_judged(page: Page) -> None:
    """The panel moves on by itself until the verdict; only then is the page loaded anew."""
    loads: list[Page] = []
    page.on("load", lambda loaded: loads.append(loaded))
    page.evaluate(_WATCH_PANEL)
    expect(page.get_by_text("Scored: every pair was judged")).to_be_visible(timeout=JUDGED)
    seen = json.loads(page.evaluate("sessionStorage.seen"))
    assert len(loads) <= 1, seen
    assert len(seen) >= 2, seen
    assert any("pairs done" in text or "in the queue" in text for text in seen), seen


def slide_the_first_picture(page: Page) -> None:
    """Drag the handle to the right: more of the content picture is laid over the output."""
    picture = page.locator("[data-compare]").first
    picture.scroll_into_view_if_needed()
    for image in picture.get_by_role("img").all():
        expect(image).to_have_js_property("complete", value=True)
        assert image.evaluate("image => image.naturalWidth") > 0
    assert shown_of_content(page) == "50%"
    box = picture.locator(".compare__stage").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=4)
    page.mouse.up()
    dragged = float(shown_of_content(page).removesuffix("%"))
    assert dragged > 75

    page.get_by_role("slider").first.press("ArrowLeft")
    assert float(shown_of_content(page).removesuffix("%")) == dragged - 1


def shown_of_content(page: Page) -> str:
    """How much of the first content picture is laid over its output."""
    clip = "node => getComputedStyle(node).clipPath"
    inset = page.locator(".compare__content").first.evaluate(clip)
    hidden = re.search(r"calc\(100% - ([\d.]+%)\)|inset\(0px ([\d.]+)% 0px 0px\)", inset)
    assert hidden, inset
    return hidden[1] or f"{100 - float(hidden[2]):g}%"


def test_a_broken_model_is_refused_at_once_in_words(visit: Visit, tmp_path: Path) -> None:
    wrong_name = helper.make_node("Identity", ["image"], ["stylized"])
    broken = save(model([wrong_name], inputs=[value("image")]), tmp_path)
    visitor = visit()
    visitor.sign_up()
    visitor.choose_entry(broken)
    left = visitor.page.locator("#quota").inner_text()
    visitor.page.get_by_role("button", name="Hand in").click()

    verdict = visitor.page.get_by_role("alert").filter(has_text="cannot be taken in")
    expect(verdict).to_contain_text("inputs are 'image'; they must be 'content'")
    expect(verdict).to_be_focused()
    expect(visitor.page.locator("#quota")).to_have_text(left, use_inner_text=True)
    visitor.complaints = [said for said in visitor.complaints if "status of 422" not in said]


def test_a_model_that_fails_in_the_smoke_run_says_why_and_shows_its_log(
    visit: Visit, failing: Path
) -> None:
    visitor = visit()
    visitor.sign_up()
    visitor.hand_in(failing)
    panel = visitor.page.locator("#panel")
    expect(panel).to_contain_text("Failed", timeout=JUDGED)
    expect(panel).to_contain_text("RuntimeError: cannot do (1, 3, 256, 256) (stylize.py, line 3)")
    expect(panel.locator(".log")).to_contain_text("RuntimeError")
    expect(panel.locator(".log")).to_be_visible()


def test_a_model_is_handed_in_and_judged_without_javascript(visit: Visit, reinhard: Path) -> None:
    visitor = visit(java_script_enabled=False)
    visitor.sign_up()
    visitor.hand_in(reinhard)
    expect(visitor.page.get_by_text("passed the static checks and is queued")).to_be_visible()
    refresh_until_scored(visitor)
    visitor.page.get_by_role("link", name="Scores and pictures", exact=True).click()
    pictures = visitor.page.locator("[data-compare]").first.get_by_role("img")
    assert [picture.is_visible() for picture in pictures.all()] == [True, True, True]


def refresh_until_scored(visitor: Visitor) -> None:
    """By the link that the page gives to those without JavaScript."""
    refresh = visitor.page.get_by_role("link", name="Refresh")
    for _ in range(JUDGED // 500):
        if not refresh.is_visible():
            break
        refresh.click()
        visitor.page.wait_for_timeout(500)
    expect(visitor.page.locator("#panel")).to_contain_text("Scored")
