"""The launch page in frames that cannot keep a session, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

NO_STORAGE_ACCESS = "delete Document.prototype.requestStorageAccess"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("stack"), roles=("web", "api")) as stack:
        yield stack


@pytest.fixture
def context(browser, running):
    """A browser whose frames lose every cookie, as far as the launch page can tell."""
    context = browser.new_context()
    context.route(
        f"{running.site.web_url}/launch/probe", lambda route: route.fulfill(json={"kept": False})
    )
    yield context
    context.close()


def test_the_browser_is_asked_where_it_can_be(context, running):
    page = context.new_page()
    page.goto(f"{running.site.ehr_url}/patients/marit-solheim")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="One more click")).to_be_visible()
    expect(frame.get_by_role("button", name="Continue")).to_be_visible()
    expect(frame.get_by_text("own window")).to_be_hidden()


def test_otherwise_the_chart_opens_in_a_window_of_its_own(context, running):
    context.add_init_script(NO_STORAGE_ACCESS)
    page = context.new_page()
    page.goto(f"{running.site.ehr_url}/patients/marit-solheim")
    frame = page.frame_locator("iframe")
    with context.expect_page() as opened:
        frame.get_by_role("link", name="Open in a new window").click()
    expect(opened.value).to_have_url(re.compile(r"/c/[A-Za-z0-9_-]{22,}/"))


def test_a_refused_launch_is_readable_in_the_frame(browser, running):
    page = browser.new_page()
    wrong = f"{running.site.web_url}/launch.html?launch=1&iss=x"
    page.route("**/launch.html?*", lambda route: route.continue_(url=wrong))
    page.goto(f"{running.site.ehr_url}/patients/marit-solheim")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="not registered")).to_be_visible()
    page.close()
