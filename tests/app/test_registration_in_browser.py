"""The registration page in Chromium: copying, widths, both themes, no barrier that axe finds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

pytestmark = pytest.mark.browser


@pytest.fixture
def address(site: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/register"
    server.shutdown()
    server.server_close()
    thread.join()


def opened(chrome: Browser, address: str, width: int, scheme: Any = "light") -> Page:
    context = chrome.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    page.goto(address)
    return page


def test_each_value_is_copied_as_it_stands(chrome, address, site):
    page = opened(chrome, address, 1280)
    page.get_by_role("button", name="Copy: JWKS URL").first.click()
    expect(page.get_by_role("status")).to_have_text("Copied: JWKS URL")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{site.settings.web.url}/.well-known/jwks.json"


def test_nothing_on_it_breaks_its_own_policy(chrome, address):
    page = chrome.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    assert page.get_by_role("button", name="Copy: ").count() > 30
    assert said == []


@pytest.mark.parametrize("width", [1280, 600, 360])
def test_it_is_never_wider_than_its_window(chrome, address, width):
    page = opened(chrome, address, width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(chrome, address, scheme):
    results = Axe().run(opened(chrome, address, 1280, scheme))
    assert results.response["violations"] == []
