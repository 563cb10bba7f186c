"""The EHR's look: only plain values of known keys, only from where the EHR may be."""

from __future__ import annotations

from typing import Any

import pytest

from smart.ehr import Ehr
from smart.errors import EhrMisconfigured, EhrUnavailable
from smart.styles import Style, contrast, fetch_style, parse_style
from tests.support.stub_ehr import StubEhr

# the example of SMART App Launch 2.2
EXAMPLE = {
    "color_background": "#edeae3",
    "color_error": "#9e2d2d",
    "color_highlight": "#69b5ce",
    "color_modal_backdrop": "",
    "color_success": "#498e49",
    "color_text": "#303030",
    "dim_border_radius": "6px",
    "dim_font_size": "13px",
    "dim_spacing_size": "20px",
    "font_family_body": "Georgia, Times, 'Times New Roman', serif",
    "font_family_heading": "'HelveticaNeue-Light', Helvetica, Arial, 'Lucida Grande', sans-serif;",
}


def test_the_example_of_the_specification_is_read() -> None:
    style = parse_style(EXAMPLE)
    assert style.colours["color_background"] == (0xED, 0xEA, 0xE3)
    assert "color_modal_backdrop" not in style.colours
    assert style.lengths == {
        "dim_border_radius": 6,
        "dim_font_size": 13,
        "dim_spacing_size": 20,
    }
    assert style.fonts["font_family_heading"][-1] == "sans-serif"
    assert style.fonts["font_family_body"] == ("Georgia", "Times", "Times New Roman", "serif")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("#abc", (0xAA, 0xBB, 0xCC)),
        ("#AABBCC", (0xAA, 0xBB, 0xCC)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
        ("rgb(1 2 3)", (1, 2, 3)),
        (" #abc ", (0xAA, 0xBB, 0xCC)),
    ],
)
def test_colours_are_opaque_numbers(written: str, meant: tuple[int, int, int]) -> None:
    assert parse_style({"color_text": written}).colours == {"color_text": meant}


@pytest.mark.parametrize(
    "given",
    [
        {"color_text": "red; } body { display: none"},
        {"color_text": "url(https://evil.example/x)"},
        {"color_text": "expression(alert(1))"},
        {"color_text": "var(--ink)"},
        {"color_text": "#12345"},
        {"color_text": "#12345678"},
        {"color_text": "rgb(1,2,300)"},
        {"color_text": "transparent"},
        {"color_text": 7},
        {"color_text": None},
        {"color_text": ["#abc"]},
        {"dim_font_size": "calc(1px + 1px)"},
        {"dim_font_size": "-13px"},
        {"dim_font_size": "13vh"},
        {"dim_font_size": "99999px"},
        {"font_family_body": "x; } * { display: none }"},
        {"font_family_body": "url(x)"},
        {"font_family_body": "Georgia, </style><script>"},
        {"font_family_body": "a" * 100},
        {"font_family_body": ",".join(["Arial"] * 20)},
        {"font_family_body": ""},
        {"--ink": "#000000"},
        {"color_other": "#000000"},
    ],
)
def test_anything_but_a_plain_value_of_a_known_key_is_left_out(given: dict[str, Any]) -> None:
    assert parse_style(given) == Style({}, {}, {})


@pytest.mark.parametrize(
    ("written", "pixels"), [("13px", 13), ("13", 13), ("0.5rem", 8), ("12pt", 16), ("1.25EM", 20)]
)
def test_lengths_are_turned_into_pixels(written: str, pixels: float) -> None:
    assert parse_style({"dim_font_size": written}).lengths == {"dim_font_size": pixels}


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ((0, 0, 0), (255, 255, 255), 21.0),
        ((255, 255, 255), (255, 255, 255), 1.0),
        ((0x76, 0x76, 0x76), (255, 255, 255), 4.54),
        ((0x77, 0x77, 0x77), (255, 255, 255), 4.48),
    ],
)
def test_contrast_is_that_of_wcag(
    one: tuple[int, int, int], other: tuple[int, int, int], ratio: float
) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


def test_a_style_is_fetched_without_any_token(ehr: Ehr, stub: StubEhr) -> None:
    stub.documents["/style.json"] = EXAMPLE
    assert fetch_style(ehr, f"{stub.url}/style.json") == parse_style(EXAMPLE)
    assert [sent.authorization for sent in stub.to("/style.json")] == [""]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/style.json",
        "http://169.254.169.254/style.json",
        "//evil.example/style.json",
        "/style.json",
        "style.json",
        "file:///etc/passwd",
        "data:application/json,{}",
        "http://localhost:1/style.json",
    ],
)
def test_a_style_from_elsewhere_is_not_fetched(ehr: Ehr, stub: StubEhr, url: str) -> None:
    with pytest.raises(EhrMisconfigured):
        fetch_style(ehr, url)
    assert stub.sent == []


@pytest.mark.parametrize("document", [["#fff"], {"color_text": "#fff", "filler": "x" * 70_000}])
def test_a_style_that_is_none_or_too_large_is_refused(
    ehr: Ehr, stub: StubEhr, document: object
) -> None:
    stub.documents["/style.json"] = document
    with pytest.raises((EhrMisconfigured, EhrUnavailable)):
        fetch_style(ehr, f"{stub.url}/style.json")


def test_a_redirected_style_is_not_followed(ehr: Ehr, stub: StubEhr) -> None:
    stub.statuses["/style.json"] = 302
    with pytest.raises(EhrMisconfigured, match="302"):
        fetch_style(ehr, f"{stub.url}/style.json")
