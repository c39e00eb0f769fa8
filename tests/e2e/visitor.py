"""A person at a browser: what they do on the site, and everything that went wrong meanwhile."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import ConsoleMessage, Page

from tests.e2e.site import Site

# The browser reports a violation of the content policy as an event; the console shows it to us.
_WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI}`));
"""
JUDGED = 90_000  # milliseconds that a judging may take on a busy machine


class Visitor:
    """A page of a fresh browser context; ``complaints`` holds its errors in their order."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.site = site
        self.complaints: list[str] = []
        page.add_init_script(_WATCH_POLICY)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_up(self) -> str:
        """Make an account by the form; its user name."""
        name = f"painter-{uuid4().hex[:8]}"
        self.page.goto(f"{self.site.address}/")
        self.page.get_by_role("link", name="Sign up").first.click()
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Email").fill(f"{name}@example.org")
        self.page.get_by_label("Password").fill("a-quiet-blue-gallery")
        self.page.get_by_role("button", name="Sign up").click()
        self.page.wait_for_url(f"{self.site.address}/")
        return name

    def choose_entry(self, archive: Path) -> None:
        """From the list of competitions to the form, with ``archive`` chosen."""
        self.page.goto(f"{self.site.address}/")
        self.page.get_by_role("link", name="The Small Wall").click()
        self.page.get_by_role("link", name="Hand in to Open wall").click()
        self.page.get_by_label("Your entry").set_input_files(archive)

    def hand_in(self, archive: Path) -> str:
        """Hand ``archive`` in by the form; the id of the submission whose page opens."""
        self.choose_entry(archive)
        self.page.get_by_role("button", name="Hand in").click()
        self.page.wait_for_url("**/submissions/*-*/")
        return self.page.url.rstrip("/").rsplit("/", 1)[-1]

    def storage(self) -> Any:
        """What another context needs to be the same person."""
        return self.page.context.storage_state()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")
