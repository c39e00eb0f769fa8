"""One site and one browser for all browser tests; visitors who leave no error behind."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.site import Site, running_site
from tests.e2e.visitor import Visitor
from tests.entries.making import archive

RAISES = Path(__file__).resolve().parents[1] / "entries" / "entry.exception" / "raises"
# As Debian, Ubuntu and Google call it.
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


def find_chromium() -> str:
    """Its path; without one the tests are skipped, but fail in CI, which installs it."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        said = f"there is no {', '.join(CHROMIUMS[:-1])} or {CHROMIUMS[-1]} on PATH; install one"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(said)
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium: Playwright brings none."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def reinhard(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The colour transfer that the demo hands in, as its command line exports it."""
    folder = tmp_path_factory.mktemp("reinhard")
    site.arena.call("baselines", "export", "reinhard", "--out", str(folder))
    return folder / "reinhard.zip"


@pytest.fixture(scope="session")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An entry that nothing is wrong with until it is run."""
    members = [(name, (RAISES / name).read_bytes()) for name in ("entry.toml", "stylize.py")]
    return archive(tmp_path_factory.mktemp("failing"), members)


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Visit]:
    """Open the site as somebody new, with the options of a browser context; nothing may go wrong.

    A visitor's ``complaints`` are looked at when the test ends; take out what you expected.
    """
    visitors: list[Visitor] = []

    def come(**options: Any) -> Visitor:
        context = chromium.new_context(**options)
        visitors.append(Visitor(context.new_page(), site))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.page.context.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []
