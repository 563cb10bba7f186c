"""How fast the page is: launch to interactive, and a range click, with a year of data loaded.

`python -m bench.page [--runs N] [--json]`
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Frame, Page, expect, sync_playwright

from app.demo import people
from tests.support.places import chromium
from tests.support.stack import Stack
from tests.support.year import await_year

ROLES = ("web", "api", "worker", "poller")
PATIENT = "marit-solheim"
LONGEST_SECONDS = 600.0
RANGES = ("2 wk", "1 mo", "1 yr", "3 mo")
_REDRAW = """
(label) => new Promise((done) => {
  const graph = document.querySelector("#timeline .js-plotly-plot");
  const button = [...document.querySelectorAll("button")].find((b) => b.textContent === label);
  const begun = performance.now();
  const finish = () => requestAnimationFrame(() => {
    graph.removeListener("plotly_afterplot", finish);
    done(performance.now() - begun);
  });
  graph.on("plotly_afterplot", finish);
  button.click();
})
"""


def fill(stack: Stack) -> float:
    """Link the patients and wait until the last value of each is in; return the seconds it took."""
    begun = time.monotonic()
    list(people.link_all(stack.backend()))
    return await_year(stack.site, LONGEST_SECONDS) - begun


def app_frame(page: Page, stack: Stack) -> Frame:
    """Return the app's frame once its timeline is drawn."""
    frame = page.frame_locator("iframe")
    expect(frame.locator("#timeline .main-svg").first).to_be_visible(timeout=30_000)
    return next(f for f in page.frames if f.url.startswith(stack.site.web_url))


def open_cold(browser: Browser, stack: Stack) -> tuple[float, Frame]:
    """Open the chart in a fresh browser context; return milliseconds from launch to drawn."""
    page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    begun = time.monotonic()
    page.goto(f"{stack.site.ehr_url}/patients/{PATIENT}", wait_until="commit")
    frame = app_frame(page, stack)
    return (time.monotonic() - begun) * 1000, frame


def measure(stack: Stack, runs: int) -> dict[str, object]:
    """Measure cold launches and range clicks."""
    loads: list[float] = []
    clicks: dict[str, list[float]] = {label: [] for label in RANGES}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for _ in range(runs):
            load, frame = open_cold(browser, stack)
            loads.append(load)
            frame.wait_for_timeout(800)
            for label in RANGES:
                clicks[label].append(float(frame.evaluate(_REDRAW, label)))
                frame.wait_for_timeout(300)
            frame.page.context.close()
        browser.close()
    return {
        "launch_to_drawn_ms": {"median": statistics.median(loads), "max": max(loads)},
        "range_click_ms": {label: statistics.median(times) for label, times in clicks.items()},
    }


def main() -> int:
    """Run the bench and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chromium() is None:
        print("no Chromium: not measured")
        return 0
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), roles=ROLES, vendors=True) as stack,
    ):
        filled = fill(stack)
        figures = {
            f"year_of_{len(people.WEARERS)}_wearers_s": round(filled, 1),
            **measure(stack, chosen.runs),
        }
    if chosen.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<26}{value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
