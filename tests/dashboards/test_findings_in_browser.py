"""Findings in headless Chromium: they appear, are acted upon, and their ECGs are looked at."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from clinical.findings import FindingState
from dashboards.services import Outcome
from tests.dashboards.browsing import more, opened
from tests.dashboards.fake_services import FakeServices

pytestmark = pytest.mark.browser


def test_acknowledging_moves_the_finding_and_says_who(page: Page, services: FakeServices) -> None:
    more(page).click()
    page.locator("#findings .note-field input").fill("Called, ECG booked")
    page.get_by_role("button", name="Acknowledge: Possible atrial fibrillation").click()
    expect(page.get_by_text("2 acknowledged")).to_be_visible()
    expect(page.get_by_text("No open findings.")).to_be_visible()
    expect(page.locator("#announcement")).to_have_text("Acknowledged.")
    expect(page.locator("#attention-title")).to_be_focused()
    page.get_by_text("2 acknowledged").click()
    done = "✓ Acknowledged by Dr Ingrid Lind · 20 Nov 15:30 “Called, ECG booked”"
    expect(page.get_by_text(done)).to_be_visible()
    assert "acknowledged now v1 Called, ECG booked" in services.calls


def test_a_finding_is_rejected_and_reopened_from_the_keyboard(
    page: Page, services: FakeServices
) -> None:
    more(page).focus()
    page.keyboard.press("Enter")
    for word in ("Note for the chart", "Confirm", "Reject: wrong"):
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_accessible_name(re.compile(f"^{word}"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("No open findings.")).to_be_visible()
    expect(page.locator("#announcement")).to_have_text("Rejected as wrong.")
    expect(page.locator("#attention-title")).to_be_focused()
    page.get_by_text("1 closed").click()
    page.locator("#closed .more summary").click()
    page.get_by_role("button", name="Reopen: Possible atrial fibrillation").click()
    expect(page.get_by_role("button", name="Acknowledge: Possible")).to_be_visible()
    acts = [call for call in services.calls if " v" in call]
    assert acts == ["rejected now v1", "reopened now v2"]


def test_a_comment_needs_words_and_leaves_the_finding_where_it_is(
    page: Page, services: FakeServices
) -> None:
    more(page).click()
    page.locator("#findings").get_by_role("button", name="Comment: ").click()
    expect(page.locator("#notice")).to_contain_text("write the comment first")
    field = page.locator("#findings .note-field input")
    field.fill("Pacemaker clinic informed")
    page.locator("#findings").get_by_role("button", name="Comment: ").click()
    expect(page.locator("#findings .history")).to_contain_text("“Pacemaker clinic informed”")
    expect(page.locator("#notice")).to_be_empty()
    expect(field).to_have_value("")
    expect(page.get_by_role("button", name="Acknowledge: Possible")).to_be_visible()
    assert "commented now v1 Pacemaker clinic informed" in services.calls


def test_a_refused_acknowledgement_says_so_and_keeps_the_finding(
    page: Page, services: FakeServices
) -> None:
    services.outcome = Outcome.CHANGED
    page.get_by_role("button", name="Acknowledge: Possible atrial fibrillation").click()
    expect(page.locator("#notice")).to_contain_text("has changed meanwhile")
    expect(page.get_by_role("button", name="Acknowledge: Possible")).to_be_visible()


def test_a_new_finding_appears_by_itself(page: Page, services: FakeServices) -> None:
    old = services.kept["old"]
    with services.lock:
        services.kept["new"] = type(old)(
            **{name: getattr(old, name) for name in old.__slots__}
            | {"id": "new", "state": FindingState.OPEN, "decisions": ()}
        )
    expect(page.locator("#findings .flag")).to_have_count(2, timeout=10_000)
    expect(page.locator("#announcement")).to_contain_text("New finding: Possible atrial")


def test_a_note_being_typed_is_left_alone(page: Page, services: FakeServices) -> None:
    more(page).click()
    field = page.locator("#findings .note-field input")
    field.fill("Called")
    services.calls.clear()
    page.wait_for_timeout(4500)
    expect(field).to_be_focused()
    expect(field).to_have_value("Called")
    assert services.calls == []


def test_another_findings_ecg_can_be_chosen(page: Page) -> None:
    expect(page.get_by_role("heading", name="ECG 20 Nov 15:08")).to_be_visible()
    page.get_by_text("1 acknowledged").click()
    page.get_by_role("button", name="ECG of 9 Nov").click()
    expect(page.get_by_role("heading", name="ECG 9 Nov 08:20")).to_be_visible()


def test_an_ecg_that_could_not_be_read_is_asked_for_again(
    context: BrowserContext, address: str, services: FakeServices
) -> None:
    services.missing = {"ECG"}
    page = opened(context, address)
    expect(page.locator("#ecg-panel")).to_contain_text("no answer from the service")
    expect(page.locator("#ecg-panel .main-svg")).to_have_count(0)
    services.missing = set()
    page.evaluate("dash_clientside.set_props('fresh', {data: Date.now()})")
    expect(page.locator("#ecg-panel .main-svg").first).to_be_visible()
