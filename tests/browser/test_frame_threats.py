"""Attacks on the frame: a cookie planted before the sign-in, and pages framed by strangers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect

from app.cookies import SESSION
from tests.conformance.browser import Browser
from tests.support.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PATIENT = "marit-solheim"
SIGHT = 20_000


@pytest.fixture(scope="module")
def stack(running: Stack) -> Stack:
    """The product."""
    return running


@pytest.fixture
def context(browser: Chromium) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def launch_address(stack: Stack) -> str:
    """A launch of the app that nobody has used yet."""
    opened = requests.get(
        f"{stack.site.ehr_url}/patients/{PATIENT}/app", allow_redirects=False, timeout=10
    )
    return opened.headers["Location"]


def open_chart(page: Page, stack: Stack) -> str:
    """Open the chart; the address of the page in its frame."""
    page.goto(f"{stack.site.ehr_url}/patients/{PATIENT}")
    expect(page.frame_locator("iframe").get_by_text("Apixaban").first).to_be_visible(timeout=SIGHT)
    return page.frames[1].url


def plant(context: BrowserContext, value: str) -> None:
    """Put a session cookie into the app's jar within the EHR's pages."""
    place = {"domain": "127.0.0.1", "path": "/", "partitionKey": "http://localhost"}
    kind = {"secure": True, "httpOnly": True, "sameSite": "None"}
    context.add_cookies([{"name": SESSION, "value": value, **place, **kind}])  # type: ignore[typeddict-item]


@contextmanager
def stranger(*framed: str) -> Iterator[str]:
    """A page of another origin that frames these addresses."""
    content = "".join(f'<iframe src="{address}"></iframe>' for address in framed).encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def refusals_of(page: Page, stack: Stack, address: str, expected: int) -> int:
    """Open a stranger's page; how many frames the browser refused because of who frames them."""
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(address)
    for _ in range(100):
        found = [text for text in refused if "frame-ancestors" in text]
        if len(found) >= expected:
            break
        page.wait_for_timeout(100)
    assert not any(frame.url.startswith(stack.site.web_url) for frame in page.frames)
    return len(found)


@pytest.mark.threat("T12")
def test_a_cookie_planted_in_the_frame_is_dead_after_the_sign_in(
    context: BrowserContext, stack: Stack
) -> None:
    attacker = Browser()
    attacker.visit(launch_address(stack).replace("launch.html", "launch"), until="/callback")
    planted = attacker.cookies[stack.site.web_url][SESSION]
    plant(context, planted)
    address = open_chart(context.new_page(), stack)
    kept = {one["name"]: one["value"] for one in context.cookies(stack.site.web_url)}
    assert kept[SESSION] != planted
    assert attacker.get(address).status_code == 403


def test_the_browser_really_sends_a_planted_cookie(context: BrowserContext, stack: Stack) -> None:
    """Otherwise the test above would pass for nothing."""
    plant(context, "planted")
    page = context.new_page()
    with page.expect_request("**/launch.html?*") as sent:
        page.goto(f"{stack.site.ehr_url}/patients/{PATIENT}")
    assert f"{SESSION}=planted" in sent.value.all_headers().get("cookie", "")


@pytest.mark.threat("T13")
def test_no_page_is_shown_in_a_strangers_frame(context: BrowserContext, stack: Stack) -> None:
    page, web = context.new_page(), stack.site.web_url
    live = open_chart(page, stack)
    framed = (launch_address(stack), live, f"{web}/sign-out", f"{web}/callback?state=s&code=c")
    with stranger(*framed) as address:
        assert refusals_of(page, stack, address, len(framed)) == len(framed)


@pytest.mark.threat("T13")
def test_a_stranger_around_the_ehr_is_one_too_many(context: BrowserContext, stack: Stack) -> None:
    page = context.new_page()
    with stranger(f"{stack.site.ehr_url}/patients/{PATIENT}") as address:
        assert refusals_of(page, stack, address, 1) == 1


@pytest.mark.threat("T13")
@pytest.mark.parametrize("path", ["/launch.html?iss=x&launch=y", "/sign-out", "/callback", "/nil"])
def test_every_page_names_its_ancestors_and_nothing_else(stack: Stack, path: str) -> None:
    answer = requests.get(f"{stack.site.web_url}{path}", timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert f"frame-ancestors {stack.site.ehr_url}" in policy.split("; ")
    assert "X-Frame-Options" not in answer.headers
