"""Over https under names, as in a hospital: https://ehr.test frames https://app.test.

Third-party cookies are blocked. A proxy ends TLS in front of each listener with a certificate of
the test's own authority, which Chromium trusts by the hash of its key and the product by the
tenant's `ca_bundle`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, expect

from tests.support.fronted import TlsStack
from tests.support.strict_browser import ALLOW, strict_browser
from tests.support.tls import PARTITIONED, Proxies

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.xdist_group("tls"),  # one server for all of them
]

SIGHT = 20_000
GRANTED = {"storage_access": {"https://app.test,https://ehr.test": ALLOW}}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsStack]:
    with Proxies() as proxies, TlsStack(tmp_path_factory.mktemp("tls"), proxies) as stack:
        yield stack


def chart_in(context: BrowserContext) -> FrameLocator:
    page = context.pages[0]
    page.goto("https://ehr.test/patients/marit-solheim")
    return page.frame_locator("iframe")


def test_the_frame_keeps_its_session(browser: Browser, stack: TlsStack, tmp_path: Path) -> None:
    with strict_browser(browser, tmp_path, stack.chromium_arguments()) as context:
        expect(chart_in(context).get_by_text("Apixaban").first).to_be_visible(timeout=SIGHT)
        kept = {c["name"]: c for c in context.cookies("https://app.test")}
    assert kept["__Host-session"]["partitionKey"] == "https://ehr.test"
    assert kept["__Host-session"]["httpOnly"]


def test_the_certificate_matters(browser: Browser, stack: TlsStack, tmp_path: Path) -> None:
    names_only = stack.chromium_arguments()[:1]
    with (
        strict_browser(browser, tmp_path, names_only) as context,
        pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"),
    ):
        chart_in(context)


def test_storage_access_carries_it_where_cookies_have_no_partition(
    browser: Browser, stack: TlsStack, tmp_path: Path
) -> None:
    stack.fronts["app.test"].without = PARTITIONED
    with strict_browser(browser, tmp_path, stack.chromium_arguments(), GRANTED) as context:
        context.pages[0].goto("https://app.test/sign-out")
        context.pages[0].mouse.click(10, 10)
        expect(chart_in(context).get_by_text("Apixaban").first).to_be_visible(timeout=SIGHT)
