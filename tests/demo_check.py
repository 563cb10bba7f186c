"""`make demo-check`: starts the demo and goes through the whole story in headless Chromium.

Prints a table of steps with times; exits 0 only if every step happened.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests
from playwright.sync_api import Browser, FrameLocator, Page, expect, sync_playwright
from playwright.sync_api import Error as BrowserError

from app.demo.people import WEARERS
from app.demo.site import Site
from tests.support.places import chromium
from tests.support.year import await_year

START_SECONDS = 120
STORY_SECONDS = 90_000
HERO = "Solheim, Marit"


@dataclass
class Steps:
    """Runs the steps in turn and keeps how long each took; stops at the first that fails."""

    rows: list[tuple[str, float, str]] = field(default_factory=list)

    def take(self, name: str, action: Callable[[], object]) -> None:
        """Do one step; raises what the action raises, after noting it."""
        begun = time.monotonic()
        try:
            action()
        except (AssertionError, BrowserError, OSError) as error:
            self.rows.append((name, time.monotonic() - begun, f"FAILED: {error}"[:300]))
            raise
        self.rows.append((name, time.monotonic() - begun, "happened"))

    def print(self) -> None:
        """Print the table."""
        print(f"\n{'step':<66}{'seconds':>8}  outcome")
        for name, seconds, outcome in self.rows:
            print(f"{name:<66}{seconds:>8.1f}  {outcome}")


@dataclass
class Demo:
    """A running demo and the address that it printed."""

    process: subprocess.Popen[str]
    site: Site
    output: list[str]

    @property
    def url(self) -> str:
        """The address of the EHR."""
        return self.site.ehr_url


@contextmanager
def demo(folder: Path, port: int) -> Iterator[Demo]:
    """Start the demo on an empty folder; stop it as Ctrl-C does."""
    command = [sys.executable, "-m", "app.cli", "demo"]
    process = subprocess.Popen(
        [*command, "--data", str(folder / "demo"), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    running = Demo(process, Site(folder / "demo", port), [])
    try:
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def await_address(running: Demo) -> None:
    """Read the demo's output until it prints its address."""
    assert running.process.stdout is not None
    for line in running.process.stdout:
        running.output.append(line)
        if running.url in line:
            return
    raise AssertionError("the demo ended: " + "".join(running.output))


def frame_of(page: Page) -> FrameLocator:
    """Return the app's frame in a chart."""
    return page.frame_locator("iframe")


def open_chart(page: Page, url: str, patient: str) -> None:
    """Go to the work-list and open a patient's chart."""
    page.goto(url)
    page.get_by_role("link", name=patient).first.click()
    expect(frame_of(page).get_by_role("heading", name="Medications")).to_be_visible(timeout=30_000)


def held(url: str, kind: str) -> list[dict[str, object]]:
    """Return the hero's resources of one type as the EHR holds them."""
    answer = requests.get(
        f"{url}/sandbox/resources/{kind}", params={"patient": "marit-solheim"}, timeout=10
    )
    answer.raise_for_status()
    return list(answer.json())


def uploaded(url: str) -> None:
    """Wait until a day's steps stand in the EHR as an Observation."""
    deadline = time.monotonic() + 90
    while not any("41950-7" in str(entry["code"]) for entry in held(url, "Observation")):
        assert time.monotonic() < deadline, "no day of steps reached the EHR"
        time.sleep(0.5)


def story(steps: Steps, browser: Browser, running: Demo, pictures: Path | None) -> None:
    """Go through every step of the story."""
    page, url = browser.new_page(viewport={"width": 1280, "height": 1900}), running.url
    steps.take("the demo starts and prints its address", lambda: await_address(running))
    page.goto(url)
    launches(steps, page, url)
    finds(steps, page)
    fills(steps, frame_of(page), running.site)
    if pictures:
        page.wait_for_timeout(2500)
        page.screenshot(path=pictures / "chart.png", full_page=True)
    acknowledges(steps, page)
    steps.take("the EHR holds exactly one Flag", lambda: _exactly_one(url))


def launches(steps: Steps, page: Page, url: str) -> None:
    """From the work-list to the medications in the app's frame."""
    frame = frame_of(page)
    steps.take(
        "the work-list shows at least six patients",
        lambda: expect(page.locator(".worklist a").nth(5)).to_be_visible(),
    )
    steps.take(
        "the chart opens and the app launches in its frame", lambda: open_chart(page, url, HERO)
    )
    steps.take(
        "medications stand on the time axis",
        lambda: expect(frame.locator("#timeline").get_by_text("Apixaban").first).to_be_visible(
            timeout=30_000
        ),
    )


def finds(steps: Steps, page: Page) -> None:
    """The patch's ECG becomes a finding on the page and a Flag in the chart."""
    frame = frame_of(page)
    findings = frame.locator("#findings")  # vendors' verdicts, in the same words, stand below
    steps.take(
        "a finding appears on the page",
        lambda: expect(findings.get_by_text("Possible atrial fibrillation").first).to_be_visible(
            timeout=STORY_SECONDS
        ),
    )
    steps.take(
        "the Flag appears in the chart's banner",
        lambda: expect(page.get_by_text("Possible atrial fibrillation").first).to_be_visible(
            timeout=STORY_SECONDS
        ),
    )
    steps.take(
        "the finding's ECG strip is drawn",
        lambda: expect(frame.locator("#ecg .main-svg").first).to_be_visible(timeout=30_000),
    )


def fills(steps: Steps, frame: FrameLocator, place: Site) -> None:
    """A year of every wearable arrives, and its daily values go to the EHR."""
    steps.take("a day's steps reach the EHR", lambda: uploaded(place.ehr_url))
    steps.take(
        f"a year of {len(WEARERS)} wearers is in, to the last value",
        lambda: await_year(place, STORY_SECONDS / 1000),
    )
    steps.take(
        "what the watch measured stands below the medications",
        lambda: expect(frame.locator("#summary")).to_contain_text(
            re.compile("bpm.*vs prior.*Steps.*vs prior"), timeout=STORY_SECONDS
        ),
    )


def acknowledges(steps: Steps, page: Page) -> None:
    """The clinician's click is seen on the page and in the EHR's banner."""
    frame = frame_of(page)
    steps.take(
        "acknowledging it is taken",
        lambda: frame.get_by_role("button", name=re.compile("^Acknowledge")).first.click(),
    )
    steps.take(
        "the page says who acknowledged it",
        lambda: expect(frame.get_by_text(re.compile("1 acknowledged")).first).to_be_visible(
            timeout=30_000
        ),
    )
    steps.take(
        "the banner says who acknowledged it",
        lambda: expect(
            page.get_by_text(re.compile("[Aa]cknowledged by Dr Ingrid Lind")).first
        ).to_be_visible(timeout=60_000),
    )


def _exactly_one(url: str) -> None:
    flags = held(url, "Flag")
    assert len(flags) == 1, f"{len(flags)} Flags"
    assert flags[0]["status"] == "active"


def main() -> int:
    """Run the story; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=18400)
    parser.add_argument("--pictures", type=Path, help="keep screenshots in this folder")
    chosen = parser.parse_args()
    steps = Steps()
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        demo(Path(folder), chosen.port) as running,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            story(steps, browser, running, chosen.pictures)
        except (AssertionError, BrowserError, OSError):
            return 1
        finally:
            steps.print()
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
