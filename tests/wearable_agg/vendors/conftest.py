"""What the vendors' tests share."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.places import shared_data


@pytest.fixture
def oslo() -> ZoneInfo:
    """The account's time zone."""
    return ZoneInfo("Europe/Oslo")


@pytest.fixture
def payloads() -> Path:
    """The folder of vendors' own payloads, outside the checkout."""
    folder = shared_data()
    if folder is None or not (folder / "vendors").is_dir():
        reason = "no vendor payloads: set WRISTCHART_SHARED_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder / "vendors"
