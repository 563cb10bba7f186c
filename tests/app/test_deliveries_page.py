"""The page of what waits to be written: for operators, over a real backend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from sqlalchemy import Engine, select, update
from werkzeug.test import TestResponse

from app.cookies import CSRF
from app.factory import STATIC
from tests.app.conftest import WEB, Browser
from tests.threats.hospital import Hospital
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.outbox_tables import outbox

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    folder: Path = tmp_path_factory.mktemp("deliveries") / "data"
    changes = {"operators": ("Practitioner/ingrid-lind",)}
    with Hospital(folder, changes=changes) as running:
        yield running


@pytest.fixture
def store(hospital: Hospital) -> Iterator[Engine]:
    """The backend's store, with one write that was given up."""
    engine = open_database(hospital.site.settings.wearables_database)
    with writing(engine) as connection:
        connection.execute(update(outbox).values(state="done"))
        first = outbox.c.id == 1
        values = {"state": "dead", "reason": "The EHR answered 422 <structure>"}
        connection.execute(update(outbox).where(first).values(**values))
    yield engine
    engine.dispose()


@pytest.fixture
def operator(hospital: Hospital, store: Engine) -> Browser:
    browser = hospital.browser()
    browser.launch("marit")
    return browser


def press(browser: Browser, page: TestResponse, **changes: str) -> TestResponse:
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text)) | changes
    headers = {"Origin": WEB, "Sec-Fetch-Site": "same-origin"}
    path = f"/deliveries/{browser_tenant(page)}/1/replay"
    return browser.client.post(path, base_url=WEB, data=form, headers=headers)


def browser_tenant(page: TestResponse) -> str:
    [tenant] = set(re.findall(r"/deliveries/([^/\"]+)/1", page.text))
    return str(tenant)


def state(store: Engine) -> str:
    with store.connect() as connection:
        found = connection.execute(select(outbox.c.state).where(outbox.c.id == 1))
        return str(found.scalar_one())


def preview(operator: Browser) -> TestResponse:
    return operator.get(f"/deliveries/{browser_tenant(operator.get('/deliveries'))}/1")


def test_an_operator_sees_what_waits_and_why(operator: Browser) -> None:
    page = operator.get("/deliveries")
    assert page.status_code == 200, page.text
    assert "The EHR answered 422 &lt;structure&gt;" in page.text
    assert "There was none yet." in page.text
    assert "shadow" in page.text


def test_the_way_back_leads_to_the_chart_it_came_from_and_to_no_other(
    hospital: Hospital, store: Engine
) -> None:
    operator = hospital.browser()
    [chart] = re.findall(r"/c/([^/]+)/", operator.launch("marit"))
    page = operator.get(f"/deliveries?chart={chart}")
    assert f'<a href="/c/{chart}/">Back to the chart</a>' in page.text
    assert f"/1?chart={chart}" in page.text
    for other in ("", "?chart=somebody-elses"):
        assert "Back to the chart" not in operator.get(f"/deliveries{other}").text


def test_a_write_is_previewed_and_sent_again_once(operator: Browser, store: Engine) -> None:
    page = preview(operator)
    assert "&#34;resourceType&#34;: &#34;Flag&#34;" in page.text
    assert state(store) == "dead"
    for _ in range(2):
        assert press(operator, page).status_code == 303
    assert state(store) == "unknown"


@pytest.mark.threat("T14")
def test_another_page_cannot_send_again(operator: Browser, store: Engine) -> None:
    page = preview(operator)
    assert press(operator, page, csrf="x").status_code == 403
    path = f"/deliveries/{browser_tenant(page)}/1/replay"
    form = {"csrf": operator.cookie(CSRF)}
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = operator.client.post(path, base_url=WEB, data=form, headers=evil)
    assert (answer.status_code, state(store)) == (403, "dead")


@pytest.mark.threat("T15")
def test_who_is_not_named_sees_nothing(hospital: Hospital, store: Engine) -> None:
    stranger = hospital.browser()
    assert stranger.get("/deliveries").status_code == 403
    claims = hospital.ehr.claims
    claims["fhirUser"] = f"{hospital.ehr.base}/Practitioner/somebody"
    try:
        stranger.launch("marit")
    finally:
        del claims["fhirUser"]
    for path in ("/deliveries", "/deliveries/sandbox/1"):
        page = stranger.get(path)
        assert page.status_code == 403
        assert "422" not in page.text


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(chrome: Chromium, operator: Browser, scheme: Any) -> None:
    pages = (operator.get("/deliveries").text, preview(operator).text)
    css = [(STATIC / name).read_text("utf-8") for name in ("pages.css", "deliveries.css")]
    window = chrome.new_context(color_scheme=scheme, viewport={"width": 600, "height": 900})
    tab = window.new_page()
    found = []
    for text in pages:
        tab.set_content(text)
        tab.add_style_tag(content="".join(css))
        found += Axe().run(tab, options={"runOnly": AXE_TAGS}).response["violations"]
        found += [{"id": "wide"}] * int(tab.evaluate("document.body.scrollWidth > 600"))
    window.close()
    assert [rule["id"] for rule in found] == []


def test_a_write_that_is_none_is_not_there(operator: Browser) -> None:
    tenant = browser_tenant(operator.get("/deliveries"))
    assert operator.get(f"/deliveries/{tenant}/999").status_code == 404
    assert operator.get("/deliveries/nowhere/1").status_code == 403
