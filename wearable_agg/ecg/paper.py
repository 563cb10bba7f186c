"""An ECG strip on paper: 25 mm/s and 10 mm/mV, as SVG and PNG.

The SVG says its size in millimetres, so that print is to scale; the PNG says its resolution.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

MM_PER_SECOND, MM_PER_MILLIVOLT = 25.0, 10.0
ROW_SECONDS = 10.0
DOTS_PER_MM = 8

_ROW_MM = 40.0
_LEFT, _TOP, _FOOT = 12.0, 8.0, 8.0
_PULSE_MM = 5.0
_LARGEST_MILLIVOLT = 1.95
_THIN, _THICK, _INK = "#f3c9c9", "#e39a9a", "#1a1a1a"
_SHRINK = 2

Point = tuple[float, float]
Line = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """Millivolts at `rate` Hz, NaN where there is no reading, and the words to be printed."""

    millivolts: NDArray[np.float32]
    rate: float
    title: str
    foot: str = "25 mm/s  10 mm/mV"


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Lines and words in millimetres."""

    width: float
    height: float
    thin: tuple[Line, ...]
    thick: tuple[Line, ...]
    trace: tuple[Line, ...]
    words: tuple[tuple[Point, str], ...]


def as_svg(strip: Strip) -> str:
    """Draw a strip as an SVG document, rows of 10 s."""
    drawn = _drawing(strip)
    size = f"{drawn.width:g} {drawn.height:g}"
    layers = "".join(
        f'<path d="{_path(lines)}" stroke="{ink}" stroke-width="{width}" fill="none"/>'
        for lines, ink, width in (
            (drawn.thin, _THIN, 0.1),
            (drawn.thick, _THICK, 0.2),
            (drawn.trace, _INK, 0.25),
        )
    )
    words = "".join(
        f'<text x="{x:g}" y="{y:g}" font-family="sans-serif" font-size="3.5">{escape(text)}</text>'
        for (x, y), text in drawn.words
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawn.width:g}mm" '
        f'height="{drawn.height:g}mm" viewBox="0 0 {size}" role="img">'
        f"<title>{escape(strip.title)}</title>"
        f'<rect width="100%" height="100%" fill="#fff"/>{layers}{words}</svg>'
    )


def as_png(strip: Strip) -> bytes:
    """Draw a strip as a PNG of 8 dots a millimetre, rows of 10 s."""
    from PIL import Image, ImageDraw, ImageFont  # only who draws a picture pays for it

    drawn = _drawing(strip)
    fine = DOTS_PER_MM * _SHRINK
    size = (round(drawn.width * fine), round(drawn.height * fine))
    picture = Image.new("RGB", size, "#ffffff")
    pen = ImageDraw.Draw(picture)
    for lines, ink, width in (
        (drawn.thin, _THIN, 2),
        (drawn.thick, _THICK, 3),
        (drawn.trace, _INK, 4),
    ):
        for line in lines:
            pen.line([(x * fine, y * fine) for x, y in line], fill=ink, width=width)
    font = ImageFont.load_default(size=3.5 * fine)
    for (x, y), text in drawn.words:
        pen.text((x * fine, y * fine), text, fill=_INK, font=font, anchor="ls")
    small = picture.resize((size[0] // _SHRINK, size[1] // _SHRINK))
    file = io.BytesIO()
    small.save(file, "PNG", dpi=(DOTS_PER_MM * 25.4,) * 2, optimize=True)
    return file.getvalue()


def _drawing(strip: Strip) -> _Drawing:
    per_row = round(ROW_SECONDS * strip.rate)
    rows = max(1, ceil(len(strip.millivolts) / per_row))
    width = _LEFT + min(len(strip.millivolts) / strip.rate, ROW_SECONDS) * MM_PER_SECOND + 3
    height = _TOP + rows * _ROW_MM + _FOOT
    level = np.float32(np.nanmedian(strip.millivolts)) if len(strip.millivolts) else np.float32(0)
    values = np.clip(strip.millivolts - level, -_LARGEST_MILLIVOLT, _LARGEST_MILLIVOLT)
    trace = [_pulse(0)]
    for row in range(rows):
        trace += _row(values[row * per_row : (row + 1) * per_row], strip.rate, row)
    bottom = height - _FOOT
    return _Drawing(
        width,
        height,
        tuple(_grid(width, _TOP, bottom, 1.0)),
        tuple(_grid(width, _TOP, bottom, 5.0)),
        tuple(trace),
        (((2.0, 5.5), strip.title), ((2.0, height - 2.5), strip.foot)),
    )


def _grid(width: float, top: float, bottom: float, step: float) -> Iterator[Line]:
    for x in np.arange(0, width + 0.01, step).tolist():
        yield (x, top), (x, bottom)
    for y in np.arange(top, bottom + 0.01, step).tolist():
        yield (0.0, y), (width, y)


def _middle(row: int) -> float:
    return _TOP + (row + 0.5) * _ROW_MM


def _pulse(row: int) -> Line:
    """The calibration: 1 mV for 0.2 s."""
    low, high = _middle(row), _middle(row) - MM_PER_MILLIVOLT
    left, right = 3.0, 3.0 + _PULSE_MM
    return (left - 1, low), (left, low), (left, high), (right, high), (right, low), (right + 1, low)


def _row(values: NDArray[np.float32], rate: float, row: int) -> Iterator[Line]:
    """Yield the trace, broken where there is no reading."""
    x = _LEFT + np.arange(len(values)) * (MM_PER_SECOND / rate)
    y = _middle(row) - values * MM_PER_MILLIVOLT
    points = list(zip(np.round(x, 2).tolist(), np.round(y, 2).tolist(), strict=True))
    breaks = np.flatnonzero(np.isnan(values))
    for start, end in zip([-1, *breaks], [*breaks, len(points)], strict=True):
        if end - start > 2:
            yield tuple(points[start + 1 : end])


def _path(lines: tuple[Line, ...]) -> str:
    return "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in line) for line in lines)
