"""The app in the EHR's cross-site frame, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.places import chromium

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PHASE_OUT = ["--no-sandbox", "--test-third-party-cookie-phaseout"]


def open_chart(page, stack, patient):
    page.goto(f"{stack.site.ehr_url}/patients/{patient}")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Medications")).to_be_visible(timeout=30_000)
    return frame


def test_the_launch_ends_on_the_page_of_this_context(browser, running):
    page = browser.new_page()
    open_chart(page, running, "marit-solheim")
    [frame] = [f for f in page.frames if f.url.startswith(running.site.web_url)]
    assert re.fullmatch(rf"{running.site.web_url}/c/[A-Za-z0-9_-]{{22,}}/", frame.url)
    page.close()


def test_a_frame_that_is_not_laid_out_yet_is_not_left(browser, running):
    page = browser.new_page()
    held = []
    page.route("**/ehr.css", lambda route: held.append(route))
    with page.expect_response("**/launch/probe"):
        page.goto(f"{running.site.ehr_url}/patients/marit-solheim", wait_until="commit")
    page.wait_for_timeout(300)
    [frame] = page.frames[1:]
    assert frame.url.startswith(f"{running.site.web_url}/launch.html")
    held[0].continue_()
    heading = page.frame_locator("iframe").get_by_role("heading", name="Medications")
    expect(heading).to_be_visible(timeout=30_000)
    page.close()


@pytest.mark.threat("T16")
def test_two_charts_in_two_tabs_stay_two_patients(browser, running):
    context = browser.new_context()
    marit, jonas = context.new_page(), context.new_page()
    first = open_chart(marit, running, "marit-solheim")
    second = open_chart(jonas, running, "jonas-berg")
    for frame, theirs, other in ((first, "Apixaban", "Jonas"), (second, "", "Marit")):
        frame.get_by_role("button", name="1 yr").click()
        if theirs:
            expect(frame.get_by_text(theirs).first).to_be_visible(timeout=30_000)
        assert other not in frame.locator("body").inner_text()
    context.close()


def test_it_works_with_third_party_cookies_blocked(browser, running):
    strict = browser.browser_type.launch(executable_path=chromium(), args=PHASE_OUT)
    open_chart(strict.new_page(), running, "marit-solheim")
    strict.close()


@pytest.mark.threat("T13")
def test_another_site_may_not_frame_it(browser, running):
    page = browser.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    # the same pages under another origin than the one that is registered
    elsewhere = running.site.ehr_url.replace("localhost", "127.0.0.1")
    page.goto(f"{elsewhere}/patients/marit-solheim")
    page.wait_for_timeout(1000)
    assert any("frame-ancestors" in text for text in refused)
    assert not any(frame.url.startswith(running.site.web_url) for frame in page.frames)
    page.close()


def test_the_console_shows_no_policy_violation(browser, running):
    page = browser.new_page()
    violations = []
    page.on(
        "console", lambda m: violations.append(m.text) if "Content Security" in m.text else None
    )
    open_chart(page, running, "marit-solheim")
    page.wait_for_timeout(1500)
    assert violations == []
    page.close()


@pytest.mark.threat("T11")
def test_no_token_reaches_the_browser(browser, running):
    context = browser.new_context()
    page = context.new_page()
    bodies = []

    def keep(response):
        # what stands before the page is gone once the frame has moved on
        ours = response.url.startswith(f"{running.site.web_url}/c/")
        if ours and response.request.resource_type in ("document", "fetch", "xhr"):
            bodies.append(response)

    page.on("response", keep)
    open_chart(page, running, "marit-solheim")
    page.wait_for_timeout(1000)
    texts = [response.text() for response in bodies if response.status == 200]
    assert texts
    assert not any("access_token" in text or "refresh_token" in text for text in texts)
    context.close()


def test_a_refused_launch_is_readable_in_the_frame(browser, running):
    page = browser.new_page()
    wrong = f"{running.site.web_url}/launch.html?launch=1&iss=x"
    page.route("**/launch.html?*", lambda route: route.continue_(url=wrong))
    page.goto(f"{running.site.ehr_url}/patients/marit-solheim")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="not registered")).to_be_visible()
    page.close()


def test_signing_out_from_the_frame_closes_the_chart(browser, running):
    context = browser.new_context()
    page = context.new_page()
    frame = open_chart(page, running, "marit-solheim")
    [chart] = [f.url for f in page.frames if f.url.startswith(running.site.web_url)]
    frame.get_by_role("link", name="Sign out").click()
    frame.get_by_role("button", name="Sign out").click()
    expect(frame.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.goto(chart)
    expect(page.get_by_role("heading", name="Medications and wearable data")).to_have_count(0)
    context.close()
