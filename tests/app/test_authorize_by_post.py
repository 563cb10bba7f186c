"""The page that sends the authorization request as a form."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.app.conftest import Browser, Site
from tests.support.forms import Form
from tests.support.stub_ehr import StubEhr


@pytest.fixture
def ehr(ehr: StubEhr) -> StubEhr:
    ehr.configuration = {"capabilities": ["permission-v2", "authorize-post"]}
    return ehr


def test_the_request_is_a_form_with_all_that_the_query_would_have(
    browser: Browser, ehr: StubEhr, tmp_path: Path
) -> None:
    posted = Form(browser.start(launch='x"><script>&').text)
    ehr.configuration = {}
    again = Site(ehr, tmp_path / "another").browser().start(launch='x"><script>&')
    address = urlsplit(again.headers["Location"])
    query = {name: value for name, [value] in parse_qs(address.query).items()}
    assert (posted.method, posted.action) == ("post", f"{ehr.url}/auth/authorize")
    assert set(posted.fields) == set(query)
    fresh = {"state", "nonce", "code_challenge"}
    assert {k: v for k, v in posted.fields.items() if k not in fresh} == {
        k: v for k, v in query.items() if k not in fresh
    }


def test_the_page_works_without_scripts_and_is_not_kept(browser: Browser) -> None:
    page = browser.start()
    assert page.status_code == 200
    assert '<button type="submit">Continue</button>' in page.text
    assert '<div id="asked" hidden>' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "Location" not in page.headers


def test_only_this_page_may_send_forms_to_the_ehr(browser: Browser, ehr: StubEhr) -> None:
    page = browser.start()
    assert f"form-action 'self' {ehr.url};" in page.headers["Content-Security-Policy"]
    launch = "/launch.html?" + urlencode({"iss": ehr.base, "launch": "x"})
    others = [browser.get(p) for p in (launch, "/start", "/sign-out", "/launch", "/callback")]
    others.append(browser.get(signed_in(browser, ehr)))
    for other in others:
        assert "form-action 'self';" in other.headers["Content-Security-Policy"]


def signed_in(browser: Browser, ehr: StubEhr) -> str:
    fields = Form(browser.start().text).fields
    back = browser.get("/callback?" + ehr.authorize("?" + urlencode(fields)))
    assert back.status_code == 303
    return back.headers["Location"]


def test_origins_that_a_sign_in_passes_through_may_be_named(ehr: StubEhr, tmp_path: Path) -> None:
    changes = {"endpoint_origins": ("https://login.example",)}
    page = Site(ehr, tmp_path / "d", changes=changes).browser().start()
    named = f"form-action 'self' {ehr.url} https://login.example:443;"
    assert named in page.headers["Content-Security-Policy"]


def test_a_standalone_launch_is_sent_the_same_way(browser: Browser) -> None:
    fields = Form(browser.get("/start/stub").text).fields
    assert "launch" not in fields
    assert "launch/patient" in fields["scope"]
