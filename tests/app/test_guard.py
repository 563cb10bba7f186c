from __future__ import annotations

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.cookies import CSRF, SESSION
from tests.app.conftest import Browser, Site
from tests.support.stub_ehr import StubEhr

ENDED = "This session has ended"
NOBODYS = "/c/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/"


def callbacks(browser: Browser) -> list[dict[str, Any]]:
    """Every callback that the server answers, as the browser would send it first."""
    known = browser.get("/c/_dash-dependencies").json or []
    return [entry for entry in known if not entry.get("clientside_function")]


def sent(browser: Browser, entry: dict[str, Any], pathname: str) -> TestResponse:
    values = {"url.pathname": pathname, "range.data": "90", "tick.data": 1, "chosen.data": "f1"}
    values |= {"viewport.data": {"width": 1280, "dark": False}, "table-range.data": "90"}
    parts: dict[str, Any] = {
        part: [
            []
            if "{" in wire["id"]
            else {**wire, "value": values.get(f"{wire['id']}.{wire['property']}")}
            for wire in entry[part]
        ]
        for part in ("inputs", "state")
    }
    names = entry["output"].strip(".").split("...")
    split = [name.rpartition(".") for name in names]
    outputs: Any = [{"id": part[0], "property": part[2]} for part in split]
    outputs = outputs if entry["output"].startswith("..") else outputs[0]
    return browser.callback(pathname, output=entry["output"], outputs=outputs, **parts)


@pytest.mark.threat("T15")
def test_every_callback_gives_nothing_of_another_browsers_chart(site: Site) -> None:
    mine, theirs = site.browser(), site.browser()
    path = theirs.launch("jonas")
    mine.launch("marit")
    entries = callbacks(mine)
    assert len(entries) >= 5
    for entry in entries:
        answer = sent(mine, entry, path)
        assert ENDED in answer.text or answer.status_code in (204, 403), entry["output"]
        assert "Jonas" not in answer.text
        assert "Apixaban" not in answer.text


@pytest.mark.threat("T16")
def test_the_page_of_a_chart_shows_that_patient(site: Site) -> None:
    browser = site.browser()
    marit, jonas = browser.launch("marit"), browser.launch("jonas")
    [banner] = [e for e in callbacks(browser) if "patient.children" in e["output"]]
    assert "Marit Solheim" in sent(browser, banner, marit).text
    assert "Jonas Berg" in sent(browser, banner, jonas).text
    assert "Marit Solheim" in sent(browser, banner, marit).text


@pytest.mark.parametrize("path", ["/c/", "/c/x", NOBODYS, "/c/../launch", f"{NOBODYS}x/y"])
def test_a_page_that_is_nobodys_is_refused(browser: Browser, path: str) -> None:
    browser.launch()
    response = browser.get(path)
    assert response.status_code in (403, 404)
    assert "react-entry-point" not in response.text


@pytest.mark.parametrize("path", ["/c/_dash-layout", "/c/_dash-dependencies", "/c/_reload-hash"])
def test_without_a_session_dash_says_nothing(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 403


@pytest.mark.parametrize("path", ["/", "/admin", "/static/", "/c", "/.git/config", "/_mcp", "/mcp"])
def test_what_is_not_let_in_is_refused(browser: Browser, path: str) -> None:
    browser.launch()
    assert browser.get(path).status_code in (308, 404)


def test_every_address_is_either_ours_or_guarded(site: Site) -> None:
    rules = {rule.rule for rule in site.app.url_map.iter_rules()}
    ours = {rule for rule in rules if not rule.startswith("/c/")}
    assert ours == {
        "/static/<path:filename>",
        "/launch.html",
        "/launch",
        "/launch/probe",
        "/callback",
        "/callback/<own>",
        "/start",
        "/start/<identifier>",
        "/identify/<identifier>",
        "/theme/<context>.css",
        "/register",
        "/deliveries",
        "/deliveries/<tenant>/<int:number>",
        "/deliveries/<tenant>/<int:number>/replay",
        "/sign-out",
        "/.well-known/jwks.json",
        "/healthz",
    }


@pytest.mark.threat("T14")
@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRFToken": None},
        {"X-CSRFToken": "0" * 64},
        {"X-CSRFToken": "é"},
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:8411"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
def test_a_callback_from_elsewhere_is_refused(browser: Browser, headers: dict[str, Any]) -> None:
    path = browser.launch()
    assert browser.callback(path, headers=headers).status_code == 403


@pytest.mark.threat("T14")
def test_the_csrf_token_belongs_to_its_session(site: Site) -> None:
    mine, theirs = site.browser(), site.browser()
    path = mine.launch()
    theirs.launch()
    stolen = {"X-CSRFToken": theirs.cookie(CSRF)}
    assert mine.callback(path, headers=stolen).status_code == 403


@pytest.mark.parametrize(
    "state",
    [
        [],
        None,
        "x",
        [{"id": "url", "property": "href", "value": "/c/x/"}],
        [{"id": "url", "property": "pathname", "value": p} for p in ("/c/a/", "/c/b/")],
    ],
)
def test_a_callback_that_names_no_one_page_is_refused(browser: Browser, state: Any) -> None:
    path = browser.launch()
    assert browser.callback(path, state=state).status_code == 403


@pytest.mark.parametrize("timer", ["tick.data", "fresh.data"])
def test_a_page_left_alone_ends_though_its_timers_keep_asking(
    site: Site, browser: Browser, timer: str
) -> None:
    path = browser.launch()
    for _ in range(4):
        site.clock.pass_minutes(4)
        browser.callback(path, changedPropIds=[timer])
    assert ENDED in browser.get(path).text


def test_a_page_in_use_stays(site: Site, browser: Browser) -> None:
    path = browser.launch()
    for _ in range(4):
        site.clock.pass_minutes(10)
        browser.callback(path, changedPropIds=["range.data"])
    assert browser.get(path).status_code == 200


@pytest.mark.threat("T13")
def test_only_the_tenants_ehr_may_frame_the_page(browser: Browser, ehr: StubEhr) -> None:
    path = browser.launch()
    for page in (path, "/launch.html?iss=x&launch=x"):
        policy = browser.get(page).headers["Content-Security-Policy"]
        assert policy.endswith(f"frame-ancestors {ehr.url}")


@pytest.mark.threat("T13")
def test_without_an_ehr_nobody_may_frame_anything(ehr: StubEhr, tmp_path: Any) -> None:
    browser = Site(ehr, tmp_path / "d", changes={"frame_ancestors": ()}).browser()
    policy = browser.get("/healthz").headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'none'")


@pytest.mark.threat("T21")
def test_scripts_come_from_us_alone(browser: Browser) -> None:
    policy = browser.get(browser.launch()).headers["Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].startswith("'self' 'sha256-")
    assert "unsafe" not in rules["script-src"]
    own = browser.get("/healthz").headers["Content-Security-Policy"]
    assert "unsafe" not in own


def test_nothing_of_a_chart_is_kept_by_the_browser(browser: Browser) -> None:
    path = browser.launch()
    for response in (browser.get(path), browser.get("/c/_dash-layout"), browser.callback(path)):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "X-Frame-Options" not in response.headers


def test_files_with_a_version_are_kept_for_a_year(browser: Browser) -> None:
    page = browser.get("/launch.html?iss=x&launch=x").text
    [address] = re.findall(r'href="(/static/pages.css[?]v=[0-9a-f]+)"', page)
    assert "max-age=31536000" in browser.get(address).headers["Cache-Control"]
    assert browser.get("/static/pages.css").headers["Cache-Control"] == "no-store"


def test_files_are_sent_small(browser: Browser) -> None:
    plain = browser.get("/static/pages.css")
    for _ in range(2):
        small = browser.get("/static/pages.css", headers={"Accept-Encoding": "gzip, br"})
        assert small.headers["Content-Encoding"] == "br"
        assert int(small.headers["Content-Length"]) < len(plain.data) / 2
    etag = small.headers["ETag"]
    again = browser.get("/static/pages.css", headers={"If-None-Match": etag})
    assert again.status_code == 304


def test_the_pages_own_files_are_sent_small_too(browser: Browser) -> None:
    scripts = re.findall(r'src="(/c/[^"]+)"', browser.get(browser.launch()).text)
    assert len(scripts) >= 8
    for script in scripts:
        response = browser.get(script, headers={"Accept-Encoding": "br"})
        assert response.headers["Content-Encoding"] == "br", script
        assert "max-age=31536000" in response.headers["Cache-Control"], script


def test_the_keys_are_public_and_without_private_part(browser: Browser) -> None:
    response = browser.get("/.well-known/jwks.json")
    assert "d" not in (response.json or {})["keys"][0]
    assert response.headers["Cache-Control"] == "public, max-age=300"


def test_a_session_that_was_made_up_is_none(site: Site, browser: Browser) -> None:
    path = browser.launch()
    browser.client.set_cookie(SESSION, "x" * 43, domain="127.0.0.1")
    assert browser.get(path).status_code == 403


def test_a_request_that_is_too_large_is_refused(browser: Browser) -> None:
    path = browser.launch()
    assert browser.callback(path, junk="x" * 2_000_000).status_code in (403, 413)


@pytest.mark.threat("T11")
def test_a_fault_of_ours_shows_nothing_of_itself(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("app.sign_in._to_the_ehr", fail)
    response = browser.start()
    assert response.status_code == 500
    assert "secret detail" not in response.text


def test_a_chart_in_a_frame_without_cookies_may_come_again_once(
    site: Site, browser: Browser
) -> None:
    path = browser.launch()
    stranger, framed = site.browser(), {"Sec-Fetch-Dest": "iframe"}
    first = stranger.get(path, headers=framed)
    assert f'data-go="{path}?resumed=1"' in first.text
    assert "launch.js" in first.text
    again = site.browser().get(f"{path}?resumed=1", headers=framed)
    assert (again.status_code, "This session has ended" in again.text) == (403, True)
