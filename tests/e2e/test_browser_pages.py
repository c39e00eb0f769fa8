"""Every page of the site in a real browser: accessible in both themes, and fit for a phone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import Visit
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.browser

PAGES = {
    "competition list": "/",
    "competition": "/competitions/small-wall/",
    "board": "/competitions/small-wall/open/leaderboard/",
    "empty board": "/competitions/small-wall/bare/leaderboard/",
    "entry": "/entries/{scored}/",
    "scored submission": "/submissions/{scored}/",
    "failed submission": "/submissions/{failed}/",
    "my submissions": "/submissions/",
    "submit form": "/competitions/small-wall/open/submit/",
    "profile": "/accounts/profile/",
    "log in": "/accounts/login/",
    "sign up": "/accounts/signup/",
}
FOR_STRANGERS = ("log in", "sign up")
PHONE = {"width": 390, "height": 844}
_OVERFLOWING = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True, slots=True)
class Exhibition:
    """Somebody with a scored and a failed submission."""

    storage: Any
    scored: str
    failed: str


Open = Callable[..., Page]


@pytest.fixture(scope="session")
def exhibition(chromium: Browser, site: Site, reinhard: Path, failing: Path) -> Exhibition:
    context = chromium.new_context()
    painter = Visitor(context.new_page(), site)
    painter.sign_up()
    failed, scored = painter.hand_in(failing), painter.hand_in(reinhard)
    site.arena.await_true("failed", lambda: site.state(failed) == "failed")
    site.arena.await_true("scored", lambda: site.state(scored) == "scored")
    storage = painter.storage()
    context.close()
    return Exhibition(storage, scored, failed)


@pytest.fixture
def open_page(visit: Visit, exhibition: Exhibition, site: Site) -> Open:
    """Open one of PAGES, as the painter or as a stranger; everything on it has been loaded."""

    def open_it(name: str, **options: Any) -> Page:
        storage = None if name in FOR_STRANGERS else exhibition.storage
        page = visit(storage_state=storage, **options).page
        path = PAGES[name].format(scored=exhibition.scored, failed=exhibition.failed)
        page.goto(site.address + path)
        page.wait_for_load_state("networkidle")
        return page

    return open_it


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(open_page: Open, name: str, theme: str) -> None:
    page = open_page(name, color_scheme=theme)
    found = Axe().run(page).response["violations"]
    assert [complaint(one) for one in found if one["impact"] in ("serious", "critical")] == []


def complaint(violation: dict[str, Any]) -> str:
    """What axe found, and where."""
    places = ", ".join(str(node["target"]) for node in violation["nodes"])
    return f"{violation['id']}: {violation['help']} at {places}"


@pytest.mark.parametrize("name", PAGES)
def test_nothing_reaches_beyond_a_phone(open_page: Open, name: str) -> None:
    page = open_page(name, viewport=PHONE)
    assert page.evaluate("innerWidth") == PHONE["width"]
    assert page.evaluate(_OVERFLOWING) == 0


def test_a_chosen_theme_stays_on_the_next_page(visit: Visit, site: Site) -> None:
    page = visit(color_scheme="light").page
    background = "getComputedStyle(document.body).backgroundColor"
    page.goto(site.address)
    light = page.evaluate(background)
    page.get_by_role("button", name="Switch between light and dark").click()
    dark = page.evaluate(background)
    assert dark != light
    page.goto(site.competition)
    assert page.evaluate(background) == dark
