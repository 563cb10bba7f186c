"""The figures and the stylesheet hold the same colours, and words stand out from them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dashboards
from clinical.medications import DrugClass
from dashboards.theme import DARK, LIGHT, Theme

CSS = (Path(dashboards.__file__).parent / "assets" / "app.css").read_text()
ROOTS = re.findall(r":root \{(.*?)\}", CSS, flags=re.DOTALL)


def token(number: int, name: str) -> str:
    match = re.search(rf"--{name}: ([^;]+);", ROOTS[number])
    assert match
    return match[1]


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("number", "theme"), [(0, LIGHT), (1, DARK)])
def test_page_and_figures_share_their_colours(number: int, theme: Theme) -> None:
    for name in ("ink", "muted", "line", "surface", "alert"):
        assert token(number, name) == getattr(theme, name)
    names = ("anticoagulant", "rate", "rhythm", "other")
    classes = (
        DrugClass.ANTICOAGULANT,
        DrugClass.RATE_CONTROL,
        DrugClass.ANTIARRHYTHMIC,
        DrugClass.OTHER,
    )
    for name, drug_class in zip(names, classes, strict=True):
        assert (token(number, name), token(number, f"{name}-wash")) == theme.classes[drug_class]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_words_have_contrast(theme: Theme) -> None:
    pairs = [(theme.ink, theme.surface), (theme.muted, theme.surface), *theme.classes.values()]
    assert min(contrast(*pair) for pair in pairs) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_lines_have_contrast(theme: Theme) -> None:
    lines = (theme.heart, theme.hrv, theme.oxygen, theme.steps, theme.alert)
    assert min(contrast(line, theme.surface) for line in lines) >= 3


@pytest.mark.parametrize("number", [0, 1])
def test_severity_words_have_contrast(number: int) -> None:
    for name in ("alert", "review"):
        assert contrast(token(number, name), token(number, f"{name}-wash")) >= 4.5
