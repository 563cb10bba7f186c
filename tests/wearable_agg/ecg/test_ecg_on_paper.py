"""Strips on paper are to scale."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from wearable_agg.ecg.paper import DOTS_PER_MM, Strip, as_png, as_svg

RATE = 250.0
SVG = "{http://www.w3.org/2000/svg}"


def strip(seconds: float = 12.0, title: str = "A <b> & c") -> Strip:
    """One millivolt for the second second, else nothing; no reading in the fifth."""
    millivolts = np.zeros(round(seconds * RATE), np.float32)
    millivolts[250:500] = 1.0
    millivolts[1000:1250] = np.nan
    return Strip(millivolts, RATE, title)


def trace_of(document: str) -> list[list[tuple[float, float]]]:
    path = ElementTree.fromstring(document).findall(f"{SVG}path")[2].get("d")  # noqa: S314 our own
    return [
        [tuple(map(float, point.split())) for point in line.split("L")]
        for line in re.split("M", path)[1:]
    ]


def test_a_second_is_25_mm_and_a_millivolt_10_mm() -> None:
    pulse, first, *_ = trace_of(as_svg(strip()))
    assert max(y for _, y in pulse) - min(y for _, y in pulse) == pytest.approx(10.0)
    up = [x for x, y in first if y == min(y for _, y in first)]
    assert max(up) - min(up) == pytest.approx(25.0 * 249 / 250, abs=0.02)
    assert max(y for _, y in first) - min(y for _, y in first) == pytest.approx(10.0)


def test_the_trace_is_broken_where_there_is_no_reading() -> None:
    _, first, second, next_row = trace_of(as_svg(strip()))
    assert second[0][0] - first[-1][0] == pytest.approx(25.1, abs=0.05)
    assert next_row[0][0] == pytest.approx(first[0][0])


def test_the_document_says_its_size_in_millimetres() -> None:
    root = ElementTree.fromstring(as_svg(strip()))  # noqa: S314 our own
    width = float(root.get("width").removesuffix("mm"))
    assert width == pytest.approx(265.0)
    assert root.get("viewBox").split()[2] == root.get("width").removesuffix("mm")
    assert root.find(f"{SVG}title").text == "A <b> & c"


def test_the_picture_has_the_same_size_and_says_its_resolution() -> None:
    picture = Image.open(io.BytesIO(as_png(strip())))
    assert picture.size[0] == pytest.approx(265 * DOTS_PER_MM, abs=1)
    assert picture.info["dpi"][0] == pytest.approx(DOTS_PER_MM * 25.4, rel=1e-3)
    assert len(picture.getcolors(1 << 20)) > 3


@pytest.mark.parametrize("seconds", [0.0, 0.004, 3.0])
def test_short_strips_can_be_drawn(seconds: float) -> None:
    empty = Strip(np.zeros(round(seconds * RATE), np.float32), RATE, "")
    assert as_svg(empty).endswith("</svg>")
    assert as_png(empty).startswith(b"\x89PNG")
