"""The EHR's look: `smart_style_url` (SMART App Launch 2.2, experimental), fetched and validated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from smart.answers import json_object, send
from smart.ehr import Ehr
from smart.errors import EhrMisconfigured

MAXIMUM_BYTES = 64_000
COLOURS = (
    "color_background",
    "color_error",
    "color_highlight",
    "color_modal_backdrop",
    "color_success",
    "color_text",
)
LENGTHS = ("dim_border_radius", "dim_font_size", "dim_spacing_size")
FONTS = ("font_family_body", "font_family_heading")

HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
RGB = re.compile(r"rgb\( *(\d{1,3}) *[, ] *(\d{1,3}) *[, ] *(\d{1,3}) *\)")
LENGTH = re.compile(r"(\d{1,4}(?:\.\d{1,4})?)(px|pt|em|rem)?")
PIXELS = {"px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0}
FONT = re.compile(r"[A-Za-z][A-Za-z0-9 \-]{0,60}")
MOST_FONTS = 10

Rgb = tuple[int, int, int]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Style:
    """The values of the eleven known keys that are what they should be; lengths in CSS px."""

    colours: Mapping[str, Rgb]
    lengths: Mapping[str, float]
    fonts: Mapping[str, tuple[str, ...]]


def fetch_style(ehr: Ehr, url: str) -> Style:
    """Fetch a style from an origin of the EHR's, without any token.

    Raises EhrUnavailable, and EhrMisconfigured where it is elsewhere, not https (http is for
    loopback), too large or no JSON object.
    """
    answer = send(
        ehr.egress,
        "GET",
        url,
        headers={"Accept": "application/json"},
        maximum_bytes=MAXIMUM_BYTES,
    )
    if answer.status_code != 200:
        raise EhrMisconfigured(f"the style answered {answer.status_code}")
    return parse_style(json_object(answer, limit=MAXIMUM_BYTES))


def parse_style(document: Mapping[str, Any]) -> Style:
    """Read a style; whatever is unknown, or no plain colour, length or list of fonts, is left out.

    Only numbers and plain words come out, so that nothing of the document can become CSS.
    """
    return Style(
        _read(document, COLOURS, colour),
        _read(document, LENGTHS, _length),
        _read(document, FONTS, _fonts),
    )


def colour(written: str) -> Rgb | None:
    """An opaque colour as #rgb, #rrggbb or rgb(r, g, b)."""
    given = written.strip().lower()
    if HEX.fullmatch(given):
        digits = given[1:] if len(given) == 7 else "".join(2 * digit for digit in given[1:])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    found = RGB.fullmatch(given)
    if found is None:
        return None
    red, green, blue = map(int, found.groups())
    return (red, green, blue) if max(red, green, blue) <= 255 else None


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(shade: Rgb) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance")."""
    red, green, blue = (_linear(part / 255) for part in shade)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _length(written: str) -> float | None:
    found = LENGTH.fullmatch(written.strip().lower())
    return float(found[1]) * PIXELS[found[2] or "px"] if found else None


def _fonts(written: str) -> tuple[str, ...] | None:
    listed = written.strip().removesuffix(";").split(",")
    names = tuple(name.strip().strip("'\"").strip() for name in listed)
    known = len(names) <= MOST_FONTS and all(FONT.fullmatch(name) for name in names)
    return names if known else None


def _read(
    document: Mapping[str, Any], names: tuple[str, ...], parse: Callable[[str], Value | None]
) -> dict[str, Value]:
    found = {name: document[name] for name in names if isinstance(document.get(name), str)}
    parsed = {name: parse(written) for name, written in found.items()}
    return {name: value for name, value in parsed.items() if value is not None}
