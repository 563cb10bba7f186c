"""The page in headless Chromium: it draws, is quick, follows what happens and says what to do."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.dashboards.browsing import opened, settled
from tests.dashboards.fake_services import FakeServices
from tests.dashboards.serving import served

pytestmark = pytest.mark.browser

INTERACTIVE_SECONDS = 3.0
REDRAW_SECONDS = 0.3
NOISE = 10  # a shared machine: the targets are reported, a multiple of them is a failure


def test_the_page_draws_without_a_complaint_and_without_leaving_the_server(
    context: BrowserContext, address: str
) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    context.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("request", lambda request: asked.append(request.url))
    page = opened(context, address)
    expect(page.locator("#ecg .main-svg").first).to_be_visible()
    assert complaints == []
    origin = address.split("/c/")[0]
    assert [url for url in asked if not url.startswith((origin, "data:", "blob:"))] == []
    assert not any("plotly.min.js" in url for url in asked)


def test_a_year_is_interactive_in_time(context: BrowserContext, address: str) -> None:
    begun = time.monotonic()
    page = opened(context, address)
    expect(page.locator("#ecg .main-svg").first).to_be_visible()
    seconds = time.monotonic() - begun
    print(f"\nfirst paint to interactive: {seconds:.2f} s (target {INTERACTIVE_SECONDS} s)")
    assert seconds < INTERACTIVE_SECONDS * NOISE


@pytest.mark.parametrize(("label", "days"), [("1 yr", 365), ("2 wk", 14)])
def test_a_range_click_redraws_in_time(page: Page, label: str, days: int) -> None:
    settled(page)
    page.evaluate(
        """() => {
            const graph = document.querySelector('#timeline .js-plotly-plot');
            document.addEventListener('click', () => { window.clicked = performance.now(); }, true);
            graph.on('plotly_afterplot', () => { window.drawn = performance.now(); });
        }"""
    )
    taken = [redrawn(page, label, days)]
    for _ in range(2):
        redrawn(page, "3 mo", 90)
        taken.append(redrawn(page, label, days))
    print(
        f"\n{label}: click to drawn {min(taken):.0f} ms of {[round(t) for t in taken]} (target 300)"
    )
    assert min(taken) < 1000 * REDRAW_SECONDS * NOISE


def redrawn(page: Page, label: str, days: int) -> float:
    """Click a range; milliseconds until the figure is drawn."""
    page.get_by_role("button", name=label, exact=True).click()
    expect(page.locator("#summary")).to_contain_text(f"/{days} d")
    page.wait_for_timeout(300)
    return float(page.evaluate("() => window.drawn - window.clicked"))


def test_a_quiet_minute_redraws_nothing(page: Page) -> None:
    settled(page)
    page.evaluate(
        """() => { window.changes = 0;
            const watch = new MutationObserver((records) => { window.changes += records.length; });
            for (const id of ['findings', 'timeline', 'summary'])
                watch.observe(document.getElementById(id), {childList: true, subtree: true}); }"""
    )
    with page.expect_response("**/_dash-update-component*", timeout=10_000) as answer:
        pass
    assert answer.value.status == 204
    assert page.evaluate("() => window.changes") == 0


def test_another_range_is_dim_until_the_chosen_one_is_drawn(page: Page) -> None:
    settled(page)
    held: list[Route] = []
    page.route("**/_dash-update-component*", lambda route: held.append(route))
    page.get_by_role("button", name="1 yr").click()
    timeline, reading = page.locator("#timeline-image"), page.locator("#reading")
    expect(timeline).to_have_attribute("aria-busy", "true")
    expect(reading).to_have_text("Reading…")
    for route in held:
        route.continue_()
    page.unroute("**/_dash-update-component*")
    expect(timeline).to_have_attribute("aria-busy", "false")
    expect(reading).to_have_text("")
    expect(page.locator("#summary")).to_contain_text("/365 d")


def test_an_ended_session_says_what_to_do(page: Page, services: FakeServices) -> None:
    services.ended = True
    page.get_by_role("button", name="1 yr").click()
    expect(page.get_by_role("alert")).to_have_text(
        "This session has ended. Reopen the app from the chart."
    )


def test_a_patient_without_a_wearable_can_be_invited(browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    with served(FakeServices(linked=False)) as address:
        page = opened(context, address)
        page.get_by_role("button", name="Invite the patient").click()
        expect(page.get_by_label("Link for the patient")).to_have_value(
            "http://127.0.0.1:8411/link/example-token"
        )
        expect(page.get_by_alt_text("QR code of the link for the patient")).to_be_visible()
        expect(page.get_by_text("012345")).to_be_visible()
        context.close()


def test_a_patient_with_a_wearable_can_be_invited_to_link_another(page: Page) -> None:
    settled(page)
    button = page.get_by_role("button", name="Invite the patient")
    expect(button).to_be_hidden()
    page.get_by_text("Link another wearable").click()
    expect(button).to_be_visible()


def test_a_double_click_goes_back_to_the_whole_range(page: Page) -> None:
    settled(page)
    graph = "document.querySelector('#timeline .js-plotly-plot')"
    shown = f"() => {graph}.layout.xaxis.range.map((end) => String(end).slice(0, 10))"
    whole = page.evaluate(shown)
    page.locator("#timeline").scroll_into_view_if_needed()
    plot = page.locator("#timeline .nsewdrag").nth(2).bounding_box()
    assert plot is not None
    y = plot["y"] + plot["height"] / 2
    page.mouse.move(plot["x"] + 200, y)
    page.mouse.down()
    page.mouse.move(plot["x"] + 500, y, steps=4)
    page.mouse.up()
    page.wait_for_function(
        f"(whole) => {graph}.layout.xaxis.range[0].slice(0, 10) !== whole", arg=whole[0]
    )
    page.mouse.dblclick(plot["x"] + 400, y)
    page.wait_for_function(
        f"(whole) => {graph}.layout.xaxis.range[0].slice(0, 10) === whole", arg=whole[0]
    )
    assert page.evaluate(shown) == whole


def test_only_an_operator_is_shown_the_way_to_deliveries(browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    for operator in (True, False):
        with served(FakeServices(operator=operator)) as address:
            page = opened(context, address)
            expect(page.locator("#patient")).to_contain_text("Marit Solheim")
            expect(page.get_by_role("link", name="Deliveries")).to_have_count(int(operator))
            page.close()
    context.close()


def test_without_the_ehrs_banner_the_page_names_the_patient(browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    with served(FakeServices(banner_required=False)) as address:
        page = opened(context, address)
        expect(page.locator("#identity")).to_have_text("Marit Solheim · DOB 1958-03-14")
        expect(page.locator("#patient")).to_be_empty()
        context.close()
