from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from app.cookies import CSRF, SESSION
from tests.app.conftest import WEB, Browser, Site
from tests.support.stub_ehr import StubEhr


def sign_out(browser: Browser, **changes: str) -> TestResponse:
    headers = {"Origin": changes.pop("origin", WEB), "Sec-Fetch-Site": changes.pop("site", "none")}
    form = {"csrf": browser.cookie(CSRF)} | changes
    return browser.client.post("/sign-out", base_url=WEB, data=form, headers=headers)


def test_signing_out_ends_every_chart_of_the_browser(browser: Browser) -> None:
    paths = [browser.launch("marit"), browser.launch("jonas")]
    assert "You are signed out" in sign_out(browser).text
    assert [browser.get(path).status_code for path in paths] == [403, 403]
    assert browser.cookie(SESSION) == ""


def test_signing_out_revokes_what_the_ehr_gave(browser: Browser, ehr: StubEhr) -> None:
    browser.launch()
    sign_out(browser)
    assert (ehr.valid, ehr.refreshable) == (set(), {})


def test_signing_out_does_not_wait_for_the_ehrs_consent(browser: Browser, ehr: StubEhr) -> None:
    path = browser.launch()
    ehr.statuses["/auth/revoke"] = 500
    assert sign_out(browser).status_code == 200
    assert browser.get(path).status_code == 403


def test_signing_out_leaves_others_alone(site: Site) -> None:
    mine, theirs = site.browser(), site.browser()
    mine.launch()
    path = theirs.launch()
    sign_out(mine)
    assert theirs.get(path).status_code == 200


@pytest.mark.threat("T14")
def test_another_site_cannot_sign_anybody_out(browser: Browser) -> None:
    path = browser.launch()
    assert sign_out(browser, csrf="").status_code == 403
    assert sign_out(browser, origin="https://evil.example").status_code == 403
    assert sign_out(browser, origin="null", site="cross-site").status_code == 403
    assert browser.get(path).status_code == 200


def test_a_form_without_a_referrer_is_our_own_where_the_browser_says_so(browser: Browser) -> None:
    browser.launch()
    assert sign_out(browser, origin="null", site="same-origin").status_code == 200


def test_the_page_asks_first(browser: Browser) -> None:
    path = browser.launch()
    assert f'value="{browser.cookie(CSRF)}"' in browser.get("/sign-out").text
    assert browser.get(path).status_code == 200
