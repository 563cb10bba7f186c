"""What the tests look for outside the checkout: a browser, and annotated records."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Return a Chromium that is installed: CHROMIUM, the system's, or Playwright's own."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        return chosen
    for name in _BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    return _of_playwright()


def _of_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def shared_data() -> Path | None:
    """Return the folder of annotated records and vendor payloads, or None where there is none."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("WRISTCHART_SHARED_DATA", beside))
    return folder if folder.is_dir() else None
