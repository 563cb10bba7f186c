"""How the tests open the page in Chromium and find their way on it."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Locator, Page, expect


def opened(context: BrowserContext, address: str) -> Page:
    """The page, with its figure and its findings drawn."""
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#timeline .main-svg").first).to_be_visible(timeout=20_000)
    expect(page.locator("#findings .flag").first).to_be_visible()
    return page


def settled(page: Page) -> None:
    """Wait until everything of the first look is drawn."""
    expect(page.locator("#summary")).to_contain_text("/90 d")
    expect(page.locator("#ecg .main-svg").first).to_be_visible()
    page.wait_for_load_state("networkidle")


def more(page: Page) -> Locator:
    """The fold with all that can be done about the first open finding."""
    return page.locator("#findings .more summary").first
