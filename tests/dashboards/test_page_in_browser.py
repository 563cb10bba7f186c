"""The page in headless Chromium: it draws, is quick, can be acted on and be read by everybody."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from clinical.findings import FindingState
from dashboards.services import Outcome
from tests.dashboards.fake_services import FakeServices
from tests.dashboards.serving import served

pytestmark = pytest.mark.browser

INTERACTIVE_SECONDS = 3.0
REDRAW_SECONDS = 0.3
NOISE = 10  # a shared machine: the targets are reported, a multiple of them is a failure
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SLEEP_BARS = "#timeline .y5 .point, #timeline .xy5 .point"


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def address(services: FakeServices) -> Iterator[str]:
    with served(services) as address:
        yield address


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A window of its own, closed before the server is."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    return opened(context, address)


def opened(context: BrowserContext, address: str) -> Page:
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


def test_range_buttons_work_from_the_keyboard(page: Page) -> None:
    button = page.get_by_role("button", name="2 wk", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="3 mo")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#summary")).to_contain_text("/14 d")


def test_acknowledging_moves_the_finding_and_says_who(page: Page, services: FakeServices) -> None:
    more(page).click()
    page.locator("#findings .note-field input").fill("Called, ECG booked")
    page.get_by_role("button", name="Acknowledge: Possible atrial fibrillation").click()
    expect(page.get_by_text("2 acknowledged")).to_be_visible()
    expect(page.get_by_text("No open findings.")).to_be_visible()
    expect(page.locator("#announcement")).to_have_text("Acknowledged.")
    expect(page.locator("#attention-title")).to_be_focused()
    page.get_by_text("2 acknowledged").click()
    done = "✓ Acknowledged by Dr Ingrid Lind · 20 Nov 15:30 “Called, ECG booked”"
    expect(page.get_by_text(done)).to_be_visible()
    assert "acknowledged now v1 Called, ECG booked" in services.calls


def test_a_finding_is_rejected_and_reopened_from_the_keyboard(
    page: Page, services: FakeServices
) -> None:
    more(page).focus()
    page.keyboard.press("Enter")
    for word in ("Note for the chart", "Confirm", "Reject: wrong"):
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_accessible_name(re.compile(f"^{word}"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("No open findings.")).to_be_visible()
    expect(page.locator("#announcement")).to_have_text("Rejected as wrong.")
    expect(page.locator("#attention-title")).to_be_focused()
    page.get_by_text("1 closed").click()
    page.locator("#closed .more summary").click()
    page.get_by_role("button", name="Reopen: Possible atrial fibrillation").click()
    expect(page.get_by_role("button", name="Acknowledge: Possible")).to_be_visible()
    acts = [call for call in services.calls if " v" in call]
    assert acts == ["rejected now v1", "reopened now v2"]


def test_a_comment_needs_words_and_leaves_the_finding_where_it_is(
    page: Page, services: FakeServices
) -> None:
    more(page).click()
    page.locator("#findings").get_by_role("button", name="Comment: ").click()
    expect(page.locator("#notice")).to_contain_text("write the comment first")
    field = page.locator("#findings .note-field input")
    field.fill("Pacemaker clinic informed")
    page.locator("#findings").get_by_role("button", name="Comment: ").click()
    expect(page.locator("#findings .history")).to_contain_text("“Pacemaker clinic informed”")
    expect(page.locator("#notice")).to_be_empty()
    expect(field).to_have_value("")
    expect(page.get_by_role("button", name="Acknowledge: Possible")).to_be_visible()
    assert "commented now v1 Pacemaker clinic informed" in services.calls


def test_a_refused_acknowledgement_says_so_and_keeps_the_finding(
    page: Page, services: FakeServices
) -> None:
    services.outcome = Outcome.CHANGED
    page.get_by_role("button", name="Acknowledge: Possible atrial fibrillation").click()
    expect(page.locator("#notice")).to_contain_text("has changed meanwhile")
    expect(page.get_by_role("button", name="Acknowledge: Possible")).to_be_visible()


def test_a_new_finding_appears_by_itself(page: Page, services: FakeServices) -> None:
    old = services.kept["old"]
    with services.lock:
        services.kept["new"] = type(old)(
            **{name: getattr(old, name) for name in old.__slots__}
            | {"id": "new", "state": FindingState.OPEN, "decisions": ()}
        )
    expect(page.locator("#findings .flag")).to_have_count(2, timeout=10_000)
    expect(page.locator("#announcement")).to_contain_text("New finding: Possible atrial")


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


def test_a_note_being_typed_is_left_alone(page: Page, services: FakeServices) -> None:
    more(page).click()
    field = page.locator("#findings .note-field input")
    field.fill("Called")
    services.calls.clear()
    page.wait_for_timeout(4500)
    expect(field).to_be_focused()
    expect(field).to_have_value("Called")
    assert services.calls == []


def test_an_ended_session_says_what_to_do(page: Page, services: FakeServices) -> None:
    services.ended = True
    page.get_by_role("button", name="1 yr").click()
    expect(page.get_by_role("alert")).to_have_text(
        "This session has ended. Reopen the app from the chart."
    )


def test_the_table_holds_what_the_figure_shows(page: Page) -> None:
    toggle = page.get_by_role("button", name="Show as table")
    toggle.click()
    rows = page.get_by_role("region", name="Daily values").locator("tbody tr")
    expect(rows).to_have_count(90)
    page.get_by_role("button", name="2 wk", exact=True).click()
    expect(rows).to_have_count(14)
    page.get_by_role("button", name="Hide table").click()
    expect(rows).to_have_count(0)


def test_another_findings_ecg_can_be_chosen(page: Page) -> None:
    expect(page.get_by_role("heading", name="ECG 20 Nov 15:08")).to_be_visible()
    page.get_by_text("1 acknowledged").click()
    page.get_by_role("button", name="ECG of 9 Nov").click()
    expect(page.get_by_role("heading", name="ECG 9 Nov 08:20")).to_be_visible()


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


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        (600, "dark"),
        pytest.param(1280, "dark", marks=pytest.mark.long),
        pytest.param(600, "light", marks=pytest.mark.long),
    ],
)
def test_axe_finds_no_barrier(browser: Browser, address: str, width: int, scheme: Any) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 1000}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = opened(context, address)
    page.get_by_text("1 acknowledged").click()
    more(page).click()
    page.locator("#acknowledged .more summary").click()
    page.get_by_role("button", name="Show as table").click()
    expect(page.locator("#ecg .main-svg").first).to_be_visible()
    expect(page.get_by_role("region", name="Daily values")).to_be_visible()
    found = Axe().run(page, options={"runOnly": AXE_TAGS})
    barriers = [
        (rule["id"], [n["html"][:120] for n in rule["nodes"]])
        for rule in found.response["violations"]
    ]
    context.close()
    assert barriers == []


def test_nothing_is_lost_on_a_narrow_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 800})
    page = opened(context, address)
    width = page.evaluate("() => document.documentElement.scrollWidth")
    context.close()
    assert width <= 320


def test_an_ecg_that_could_not_be_read_is_asked_for_again(
    context: BrowserContext, address: str, services: FakeServices
) -> None:
    services.missing = {"ECG"}
    page = opened(context, address)
    expect(page.locator("#ecg-panel")).to_contain_text("no answer from the service")
    expect(page.locator("#ecg-panel .main-svg")).to_have_count(0)
    services.missing = set()
    page.evaluate("dash_clientside.set_props('fresh', {data: Date.now()})")
    expect(page.locator("#ecg-panel .main-svg").first).to_be_visible()
