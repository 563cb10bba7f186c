"""Sessions in the EHR's frame while third-party cookies are blocked, over http on loopback.

Chromium cannot be told to forget partitioned cookies, so a proxy takes the word out of the app's
answers: what remains is the browser that does not know them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, FrameLocator, Page, expect

from tests.support.fronted import PlainStack
from tests.support.strict_browser import ALLOW, BLOCK, strict_browser
from tests.support.tls import PARTITIONED, Proxies

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.xdist_group("plain"),  # one server for all of them
]

CONTEXT = re.compile(r"/c/[A-Za-z0-9_-]{22,}/")
SIGHT = 20_000
GRANTED = {"storage_access": {"http://127.0.0.1,http://localhost": ALLOW}}

NOTE_FIRST_SIGHT = """document.addEventListener("DOMContentLoaded", () => {
    const main = document.querySelector("main");
    window.firstSight = main && getComputedStyle(main).visibility;
});"""


class Window:
    """One strict browser at the EHR."""

    def __init__(self, context: BrowserContext, stack: PlainStack) -> None:
        self.context, self.stack = context, stack
        self.page: Page = context.pages[0]

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    def open_chart(self) -> FrameLocator:
        self.page.goto(f"{self.stack.site.ehr_url}/patients/marit-solheim")
        return self.frame

    def use_app_by_itself(self) -> None:
        """Browsers give storage access only to sites that were used at the top before."""
        self.page.goto(f"{self.stack.site.web_url}/sign-out")
        self.page.mouse.click(10, 10)

    def say_yes(self) -> None:
        """The user's answer to the browser's own question, of which headless Chromium says no."""
        session = self.context.new_cdp_session(self.page)
        ends = {"origin": self.stack.site.ehr_url, "embeddedOrigin": self.stack.site.web_url}
        permission = {"name": "storage-access"}
        wanted = {"permission": permission, "setting": "granted", **ends}
        session.send("Browser.setPermission", wanted)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlainStack]:
    with Proxies() as proxies, PlainStack(tmp_path_factory.mktemp("plain"), proxies) as stack:
        yield stack


@pytest.fixture
def opened(browser: Browser, stack: PlainStack, tmp_path: Path) -> Iterator[Any]:
    """Opens a strict browser; `partitioned` says whether it knows partitioned cookies."""
    with ExitStack() as windows:

        def open_window(partitioned: bool = False, **options: Any) -> Window:
            stack.front.without = b"" if partitioned else PARTITIONED
            strict = strict_browser(browser, tmp_path / "profile", **options)
            return Window(windows.enter_context(strict), stack)

        yield open_window


def shows_the_chart(frame: FrameLocator) -> None:
    expect(frame.get_by_text("Apixaban").first).to_be_visible(timeout=SIGHT)


def refuse_storage_access(window: Window) -> FrameLocator:
    frame = window.open_chart()
    frame.get_by_role("button", name="Continue").click()
    expect(frame.get_by_role("heading", name="needs a window of its own")).to_be_visible(
        timeout=SIGHT
    )
    return frame


def barriers_in(frame: Frame) -> list[str]:
    """What axe objects to."""
    frame.evaluate((Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = frame.evaluate("() => axe.run(document)")
    return [rule["id"] for rule in found["violations"]]


def test_partitioned_cookies_keep_the_session(opened: Any) -> None:
    window = opened(partitioned=True)
    shows_the_chart(window.open_chart())
    names = {cookie["name"] for cookie in window.context.cookies() if cookie.get("partitionKey")}
    assert {"__Host-session", "__Host-csrf"} <= names


def test_cookies_without_partition_are_really_blocked(opened: Any) -> None:
    window = opened()
    expect(window.open_chart().get_by_role("button", name="Continue")).to_be_visible(timeout=SIGHT)
    assert window.context.cookies(window.stack.site.web_url) == []


def test_storage_access_given_before_needs_no_click(opened: Any) -> None:
    window = opened(decided=GRANTED)
    window.use_app_by_itself()
    shows_the_chart(window.open_chart())


def test_a_frame_that_is_loaded_anew_takes_its_access_up_again(opened: Any) -> None:
    window = opened(decided=GRANTED)
    window.use_app_by_itself()
    shows_the_chart(window.open_chart())
    page = window.page.frames[1].url
    window.page.evaluate("page => { document.querySelector('iframe').src = page; }", page)
    expect(window.frame.locator("#identity")).to_contain_text("Marit Solheim", timeout=SIGHT)
    assert window.page.frames[1].url == f"{page}?resumed=1"


def test_storage_access_is_asked_for_by_a_button(opened: Any) -> None:
    window = opened()
    window.use_app_by_itself()
    frame = window.open_chart()
    button = frame.get_by_role("button", name="Continue")
    expect(button).to_be_visible(timeout=SIGHT)
    window.say_yes()
    button.focus()
    window.page.keyboard.press("Enter")
    shows_the_chart(frame)


def test_where_it_is_refused_a_window_of_its_own_gets_the_same_launch(opened: Any) -> None:
    window = opened()
    frame = refuse_storage_access(window)
    expect(frame.get_by_role("heading", name="needs a window of its own")).to_be_focused(
        timeout=SIGHT
    )
    link = frame.get_by_role("link", name="Open in a new window")
    assert window.page.frames[1].url == f"{window.stack.site.web_url}{link.get_attribute('href')}"
    with window.context.expect_page() as popup:
        link.press("Enter")
    popup.value.wait_for_url(CONTEXT)
    expect(popup.value.get_by_text("Apixaban").first).to_be_visible(timeout=SIGHT)
    assert popup.value.evaluate("() => window.opener") is None
    expect(frame.get_by_role("heading", name="Opened in a new window")).to_be_focused(timeout=SIGHT)


def test_the_administrator_is_told_what_to_allow(opened: Any) -> None:
    window = opened()
    frame = refuse_storage_access(window)
    words = (
        f"Ask your EHR administrator to allow cookies for {window.stack.site.web_url} in frames, "
        "or to open Wristchart in its own window."
    )
    expect(frame.get_by_text(words)).to_be_visible(timeout=SIGHT)


def test_a_browser_without_storage_access_is_offered_the_window_at_once(opened: Any) -> None:
    window = opened()
    window.context.add_init_script("delete Document.prototype.requestStorageAccess")
    frame = window.open_chart()
    expect(frame.get_by_role("link", name="Open in a new window")).to_be_visible(timeout=SIGHT)
    expect(frame.get_by_role("button", name="Continue")).to_be_hidden()


def test_the_launch_is_not_spent_before_the_session_can_be_kept(opened: Any) -> None:
    window = opened()
    asked: list[str] = []
    window.context.on("request", lambda request: asked.append(request.url))
    refuse_storage_access(window)
    assert not any("/auth/authorize" in address for address in asked)


def test_no_cookies_at_all_is_said_in_the_window(opened: Any) -> None:
    window = opened(decided={"cookies": {"http://127.0.0.1,*": BLOCK}})
    frame = refuse_storage_access(window)
    with window.context.expect_page() as popup:
        frame.get_by_role("link", name="Open in a new window").click()
    expect(popup.value.get_by_role("heading", name="keeps no cookies")).to_be_visible(timeout=SIGHT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(opened: Any, scheme: Any) -> None:
    window = opened(color_scheme=scheme)
    frame = window.open_chart()
    expect(frame.get_by_role("button", name="Continue")).to_be_visible(timeout=SIGHT)
    barriers = [*barriers_in(window.page.frames[1])]
    frame.get_by_role("button", name="Continue").click()
    expect(frame.get_by_role("link", name="Open in a new window")).to_be_visible(timeout=SIGHT)
    assert [*barriers, *barriers_in(window.page.frames[1])] == []


def test_without_scripts_the_page_says_so_and_links(browser: Browser, stack: PlainStack) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{stack.site.ehr_url}/patients/marit-solheim")
    page.goto(page.locator("iframe").get_attribute("src") or "")
    said = page.locator("noscript")  # which Playwright takes for no text
    expect(said.locator("a")).to_be_visible(timeout=SIGHT)
    assert f"allow it for {stack.site.web_url}" in said.inner_text()
    context.close()


def test_nothing_flickers_while_it_goes_quickly(opened: Any) -> None:
    window = opened(partitioned=True)
    window.context.add_init_script(NOTE_FIRST_SIGHT)
    held: list[Any] = []
    window.context.route("**/launch/probe", lambda route: held.append(route))
    frame = window.open_chart()
    expect(frame.get_by_text("Opening the chart")).to_be_visible(timeout=SIGHT)
    assert window.page.frames[1].evaluate("() => window.firstSight") == "hidden"
    held[0].continue_()
    shows_the_chart(frame)
