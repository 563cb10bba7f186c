from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.app.conftest import Browser, Site
from tests.support.stub_ehr import StubEhr

PAGES = ("/launch.html", "/launch")
EVIL = [
    "https://evil.example/fhir",
    "http://169.254.169.254/latest/meta-data",
    "http://2130706433/fhir",
    "http://0x7f.1/fhir",
    "http://[::ffff:127.0.0.1]/fhir",
    "http://127。0。0。1/fhir",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "javascript:alert(1)",
    "{base}/",
    "{base}/../fhir",
    "{base}#x",
    "{base}?x",
    "{upper}",
    "http://user@{host}/fhir",
    "http://{host}@evil.example/fhir",
    " {base}",
    "{base}\r\nX: y",
    "<script>alert(1)</script>",
]


def written(pattern: str, ehr: StubEhr) -> str:
    host = urlsplit(ehr.base).netloc
    values = {"{base}": ehr.base, "{host}": host, "{upper}": ehr.base.upper()}
    for name, value in values.items():
        pattern = pattern.replace(name, value)
    return pattern


@pytest.mark.threat("T01")
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("pattern", EVIL)
def test_an_unknown_issuer_is_refused_and_nothing_is_sent(
    browser: Browser, ehr: StubEhr, page: str, pattern: str
) -> None:
    query = urlencode({"iss": written(pattern, ehr), "launch": "x"})
    response = browser.get(f"{page}?{query}")
    assert response.status_code == 400
    assert "This EHR is not registered with Wristchart" in response.text
    assert "<script>alert" not in response.text
    assert ehr.sent == []
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "query",
    [
        "",
        "iss={base}",
        "launch=x",
        "iss={base}&launch=",
        "iss=&launch=x",
        "iss={base}&iss={base}&launch=x",
        "iss={base}&launch=x&launch=y",
        "iss={base}&launch=" + "x" * 9000,
    ],
)
def test_a_launch_needs_issuer_and_launch_once_each(
    browser: Browser, ehr: StubEhr, page: str, query: str
) -> None:
    response = browser.get(f"{page}?{query.replace('{base}', ehr.base)}")
    assert response.status_code == 400
    assert "This address does not start Wristchart" in response.text
    assert ehr.sent == []


@pytest.mark.threat("T01")
def test_a_refused_issuer_is_audited(browser: Browser, site: Site) -> None:
    browser.start(iss="https://evil.example")
    with site.parts.store.engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT action, detail FROM audit").one()
    assert row == ("launch.refused", '{"issuer":"https://evil.example"}')


def test_the_browser_is_sent_to_the_ehr_with_all_that_it_needs(
    browser: Browser, ehr: StubEhr
) -> None:
    response = browser.start(launch="a/b c")
    given = {n: v for n, [v] in parse_qs(urlsplit(response.headers["Location"]).query).items()}
    assert response.status_code == 302
    assert (given["launch"], given["aud"]) == ("a/b c", ehr.base)
    assert given["redirect_uri"] == "http://127.0.0.1:8410/callback"


def test_two_launches_share_no_secret(browser: Browser) -> None:
    first, second = (
        parse_qs(urlsplit(browser.start().headers["Location"]).query) for _ in range(2)
    )
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


def test_the_launch_page_leads_to_the_launch_with_nothing_lost(
    browser: Browser, ehr: StubEhr
) -> None:
    query = urlencode({"iss": ehr.base, "launch": 'x"><script>&amp;'})
    page = browser.get(f"/launch.html?{query}")
    assert f'data-go="/launch?{query.replace("&", "&amp;")}"' in page.text
    assert ehr.sent == []


def test_the_launch_page_finds_out_whether_cookies_are_kept(browser: Browser, ehr: StubEhr) -> None:
    query = urlencode({"iss": ehr.base, "launch": "x"})
    assert 'data-kept="no"' in browser.get(f"/launch.html?{query}").text
    assert 'data-kept="yes"' in browser.get(f"/launch.html?{query}").text


def test_the_probe_tells_whether_its_cookie_came_back(browser: Browser) -> None:
    assert [browser.get("/launch/probe").json for _ in range(2)] == [
        {"kept": False},
        {"kept": True},
    ]


def test_a_window_of_its_own_is_given_the_same_launch(browser: Browser, ehr: StubEhr) -> None:
    query = urlencode({"iss": ehr.base, "launch": "a&b c"})
    page = browser.get(f"/launch.html?{query}").text
    assert f'href="/launch.html?{query.replace("&", "&amp;")}" target="_blank"' in page
    assert "allow cookies for <strong>http://127.0.0.1:8410</strong> in frames" in page
    assert ehr.sent == []


@pytest.mark.parametrize(("status", "answer"), [(500, 503), (404, 502)])
def test_an_ehr_that_cannot_be_asked_is_said(
    browser: Browser, ehr: StubEhr, status: int, answer: int
) -> None:
    ehr.statuses["/fhir/.well-known/smart-configuration"] = status
    assert browser.start().status_code == answer


def test_every_cookie_survives_in_a_cross_site_frame(browser: Browser, ehr: StubEhr) -> None:
    browser.get("/launch.html?" + urlencode({"iss": ehr.base, "launch": "x"}))
    browser.launch()
    cookies = [c for response in browser.seen for c in response.headers.getlist("Set-Cookie")]
    assert {c.partition("=")[0].rpartition("-")[0] for c in cookies} >= {"__Host", "__Host-launch"}
    for cookie in cookies:
        attributes = set(cookie.split("; ")[1:])
        assert {"Secure", "SameSite=None", "Partitioned", "Path=/"} <= attributes
        assert not any(attribute.startswith("Domain") for attribute in attributes)
        assert ("HttpOnly" in attributes) is not cookie.startswith("__Host-csrf")
