"""What the page shows while something that it reads from is down."""

import pytest
import requests
from playwright.sync_api import expect

from app.demo.processes import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
PATIENT = "marit-solheim"


@pytest.fixture
def frame(browser, running):
    page = browser.new_page()
    page.goto(f"{running.site.ehr_url}/patients/{PATIENT}")
    frame = page.frame_locator("iframe")
    expect(frame.locator("#timeline").get_by_text("Apixaban").first).to_be_visible(timeout=30_000)
    yield next(f for f in page.frames if f.url.startswith(running.site.web_url))
    page.close()


def answers(running):
    try:
        return requests.get(f"{running.site.web_url}/healthz", timeout=2).ok
    except requests.RequestException:
        return False


def faults(running, **wanted):
    requests.post(f"{running.site.ehr_url}/sandbox/faults", json=wanted, timeout=5)


def test_the_backend_down_is_said_and_medications_stay(frame, running):
    running.kill("api")
    try:
        frame.goto(frame.url)
        expect(frame.locator("#missing")).to_contain_text("wearable service", timeout=30_000)
        expect(frame.locator("#timeline").get_by_text("Apixaban").first).to_be_visible()
    finally:
        running.processes.revive()


def test_the_ehr_down_is_said_and_the_page_stays(frame, running):
    faults(running, down=True)
    try:
        running.kill("web")
        running.processes.revive()
        assert wait_until(lambda: answers(running), 30)
        frame.goto(frame.url)
        expect(frame.locator("#missing")).to_contain_text("edication", timeout=60_000)
        expect(frame.get_by_role("button", name="1 yr")).to_be_visible()
    finally:
        faults(running, down=False)
