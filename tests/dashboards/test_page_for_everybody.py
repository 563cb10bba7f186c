"""The page can be used by everybody: by keyboard, as a table, by phone, by screen reader."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.dashboards.browsing import more, opened

pytestmark = pytest.mark.browser

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def test_range_buttons_work_from_the_keyboard(page: Page) -> None:
    button = page.get_by_role("button", name="2 wk", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="3 mo")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#summary")).to_contain_text("/14 d")


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        (600, "dark"),
        pytest.param(1280, "dark", marks=pytest.mark.long),
        pytest.param(600, "light", marks=pytest.mark.long),
    ],
)
def test_axe_finds_no_barrier(browser: Browser, address: str, width: int, scheme: Any) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 1000}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = opened(context, address)
    page.get_by_text("1 acknowledged").click()
    more(page).click()
    page.locator("#acknowledged .more summary").click()
    page.get_by_role("button", name="Show as table").click()
    expect(page.locator("#ecg .main-svg").first).to_be_visible()
    expect(page.get_by_role("region", name="Daily values")).to_be_visible()
    found = Axe().run(page, options={"runOnly": AXE_TAGS})
    barriers = [
        (rule["id"], [n["html"][:120] for n in rule["nodes"]])
        for rule in found.response["violations"]
    ]
    context.close()
    assert barriers == []


def test_nothing_is_lost_on_a_narrow_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 800})
    page = opened(context, address)
    width = page.evaluate("() => document.documentElement.scrollWidth")
    context.close()
    assert width <= 320


def test_the_table_holds_what_the_figure_shows(page: Page) -> None:
    toggle = page.get_by_role("button", name="Show as table")
    toggle.click()
    rows = page.get_by_role("region", name="Daily values").locator("tbody tr")
    expect(rows).to_have_count(90)
    page.get_by_role("button", name="2 wk", exact=True).click()
    expect(rows).to_have_count(14)
    page.get_by_role("button", name="Hide table").click()
    expect(rows).to_have_count(0)
