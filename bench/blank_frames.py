"""How often the app's frame stays blank in the EHR's page, opened in two tabs at once.

`python -m bench.blank_frames [--seconds N] [--json]`
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from tests.support.places import chromium
from tests.support.stack import Stack

ROLES = ("web", "api", "worker")
PATIENTS = ("marit-solheim", "jonas-berg")
LONGEST_MILLISECONDS = 8000


def is_drawn(page: Page, address: str) -> bool:
    """Open a chart and tell whether the app in it has been laid out within seconds."""
    page.goto(address)
    heading = page.frame_locator("iframe").get_by_role("heading", name="Medications")
    try:
        heading.wait_for(timeout=LONGEST_MILLISECONDS)
    except TimeoutError:
        return False
    return True


def two_tabs(browser: Browser, stack: Stack) -> list[bool]:
    """Open a chart in each of two tabs; return which were drawn."""
    context = browser.new_context()
    pages = [(context.new_page(), patient) for patient in PATIENTS]
    drawn = [is_drawn(page, f"{stack.site.ehr_url}/patients/{who}") for page, who in pages]
    context.close()
    return drawn


def measure(stack: Stack, seconds: float) -> dict[str, int]:
    """Open charts for a while; count them, and those that stayed blank."""
    drawn: list[bool] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            drawn += two_tabs(browser, stack)
        browser.close()
    return {"opened": len(drawn), "blank": drawn.count(False)}


def main() -> int:
    """Run the bench and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chromium() is None:
        print("no Chromium: not measured")
        return 0
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), roles=ROLES) as stack:
        figures = measure(stack, chosen.seconds)
    print(
        json.dumps(figures) if chosen.json else "{opened} opened, {blank} blank".format(**figures)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
