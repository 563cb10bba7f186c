"""Fixtures and rules for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.places import chromium, shared_data
from tests.support.stack import Stack

# A busy machine is slow, not wrong: no test fails for the time that one example takes.
hypothesis.settings.register_profile("machine", deadline=None)
hypothesis.settings.load_profile("machine")


def _missing(what: str) -> None:
    """Skip, saying what is missing; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def records() -> Path:
    """The folder of annotated ECG records."""
    folder = shared_data()
    if folder is None:
        _missing("no annotated records: set WRISTCHART_SHARED_DATA")
        raise AssertionError
    return folder / "ecg"


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """A headless Chromium; Playwright allows one in a process."""
    executable = chromium()
    if executable is None:
        _missing("no Chromium: apt-get install chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser(chrome: Browser) -> Browser:
    """The same Chromium, where no test client goes by this name."""
    return chrome


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Every process that brings an ECG into the chart, on free ports and an empty data folder."""
    with Stack(tmp_path) as running:
        yield running
