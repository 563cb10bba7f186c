"""The EHR's look on the page: what follows it, what never does."""

from __future__ import annotations

import re
from pathlib import Path
from threading import Event

import pytest

from app.cookies import SESSION
from app.theme import READABLE, SCHEMES, stylesheet
from dashboards import theme as figures
from smart.ehr import Ehr
from smart.styles import Style, colour, contrast, fetch_style, parse_style
from tests.app.conftest import Browser, Site
from tests.support.stub_ehr import StubEhr

CSS = Path(figures.__file__).with_name("assets") / "app.css"
WARM = {"color_background": "#edeae3", "color_text": "#303030", "dim_border_radius": "2px"}


def tokens(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", css))


def themed(**style: str) -> dict[str, str]:
    return tokens(stylesheet(parse_style(style)))


# --- what the page takes over


def test_the_own_colours_are_those_of_the_page() -> None:
    light, dark = CSS.read_text("utf-8").split("@media (prefers-color-scheme: dark)", 1)
    for scheme, css in (("light", light), ("dark", dark.split("* {", 1)[0])):
        assert SCHEMES[scheme].items() <= tokens(css).items()


def test_ground_and_text_follow_the_ehr() -> None:
    assert themed(**WARM) == {"canvas": "#edeae3", "ink": "#303030"}


def test_a_light_style_leaves_the_dark_page_as_it_is() -> None:
    assert stylesheet(parse_style(WARM)).startswith("@media (prefers-color-scheme: light)")
    dark = stylesheet(parse_style({"color_background": "#101418", "color_text": "#f0f0f0"}))
    assert dark.startswith("@media (prefers-color-scheme: dark)")


@pytest.mark.parametrize(
    "style",
    [
        {"color_text": "#777777"},
        {"color_highlight": "#ffff00"},
        {"color_highlight": "#69b5ce"},
        {"color_background": "#808080"},
        {"color_background": "#b0b0b0"},
        {"color_background": "#555555", "color_text": "#000000"},
    ],
)
def test_what_cannot_be_read_is_not_taken(style: dict[str, str]) -> None:
    assert themed(**style) == {}


def test_nothing_ever_falls_under_the_contrast_that_is_needed() -> None:
    steps = ("00", "33", "66", "99", "cc", "ff")
    greys = [f"#{a}{b}{a}" for a in steps for b in steps]
    for ground in greys:
        for text in greys:
            css = stylesheet(parse_style({"color_background": ground, "color_text": text}))
            scheme = "dark" if "scheme: dark" in css else "light"
            shown = {**SCHEMES[scheme], **tokens(css)}
            for pair in (("ink", "surface"), ("ink", "canvas"), ("muted", "canvas")):
                one, other = (colour(shown[name]) for name in pair)
                assert one is not None
                assert other is not None
                assert contrast(one, other) >= READABLE, (ground, text, pair)


def test_colours_that_carry_data_never_follow() -> None:
    everything = dict.fromkeys(("color_error", "color_success", "color_highlight"), "#123456")
    everything |= WARM
    assert themed(**everything).keys() <= {"canvas", "ink", "accent"}


@pytest.mark.parametrize(
    ("style", "css"),
    [
        ({"dim_border_radius": "900px"}, "--radius: 16px"),
        ({"dim_font_size": "2px"}, "font-size: 12px"),
        ({"dim_font_size": "15px"}, "font-size: 15px"),
        ({"dim_spacing_size": "0px"}, "gap: 4px"),
        ({"font_family_body": "Georgia, serif"}, 'font-family: "Georgia", serif'),
    ],
)
def test_lengths_stay_within_what_the_page_bears(style: dict[str, str], css: str) -> None:
    assert css in stylesheet(parse_style(style))


# --- over HTTP


def launched(browser: Browser, ehr: StubEhr, style: object = WARM) -> str:
    ehr.documents["/style.json"] = style
    ehr.token_answer = {"smart_style_url": f"{ehr.url}/style.json"}
    return browser.launch()


def link(browser: Browser, path: str) -> str:
    return re.findall(r'<link rel="stylesheet" href="(/theme/[^"]+)">', browser.get(path).text)[0]


def test_the_page_links_to_the_look_at_our_own_origin(browser: Browser, ehr: StubEhr) -> None:
    path = launched(browser, ehr)
    address = link(browser, path)
    assert address.startswith(f"/theme/{path.split('/')[2]}.css?v=")
    answer = browser.get(address)
    assert answer.mimetype == "text/css"
    assert tokens(answer.text) == {"canvas": "#edeae3", "ink": "#303030"}
    assert answer.headers["Cache-Control"] == "private, max-age=86400"


def test_a_style_is_fetched_once_for_its_address(site: Site, ehr: StubEhr) -> None:
    for _ in range(2):
        browser = site.browser()
        browser.get(link(browser, launched(browser, ehr)))
    assert len(ehr.to("/style.json")) == 1
    ehr.documents["/other.json"] = WARM
    ehr.token_answer = {"smart_style_url": f"{ehr.url}/other.json"}
    browser = site.browser()
    browser.get(link(browser, browser.launch()))
    assert len(ehr.to("/other.json")) == 1


def test_without_a_style_the_page_links_to_none(browser: Browser) -> None:
    assert "/theme/" not in browser.get(browser.launch()).text


@pytest.mark.parametrize("url", ["https://evil.example/s.json", "javascript:alert(1)", "x"])
def test_a_style_from_elsewhere_changes_nothing(browser: Browser, ehr: StubEhr, url: str) -> None:
    ehr.token_answer = {"smart_style_url": url}
    answer = browser.get(link(browser, browser.launch()))
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_style_that_is_slow_does_not_hold_the_page(
    browser: Browser, ehr: StubEhr, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = Event()

    def late(ehr: Ehr, url: str) -> Style:
        released.wait(10)
        return fetch_style(ehr, url)

    monkeypatch.setattr("app.theme_routes.fetch_style", late)
    monkeypatch.setattr("app.theme_routes.PATIENCE_SECONDS", 0.01)
    path = launched(browser, ehr)
    try:
        assert browser.get(link(browser, path)).text == ""
    finally:
        released.set()


def test_the_look_is_for_the_browser_of_the_launch(site: Site, ehr: StubEhr) -> None:
    mine, theirs = site.browser(), site.browser()
    address = link(mine, launched(mine, ehr))
    theirs.launch()
    assert theirs.get(address).status_code == 404
    mine.client.delete_cookie(SESSION, domain="127.0.0.1")
    assert mine.get(address).status_code == 404
