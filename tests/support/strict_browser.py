"""A Chromium that blocks third-party cookies, with whatever else its user has decided."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Frame, Page

from tests.support.places import chromium

NO_THIRD_PARTY_COOKIES = 1
ALLOW, BLOCK = 1, 2


@contextmanager
def strict_browser(
    browser: Browser,
    profile: Path,
    arguments: Sequence[str] = (),
    decided: Mapping[str, Mapping[str, int]] | None = None,
    **options: object,
) -> Iterator[BrowserContext]:
    """A process and profile of its own.

    `decided` are exceptions by kind of content ("cookies", "storage_access"), each from
    "embedded,top" patterns to ALLOW or BLOCK.
    """
    _write_preferences(profile, decided or {})
    context = browser.browser_type.launch_persistent_context(
        profile,
        executable_path=chromium(),
        args=["--no-sandbox", "--test-third-party-cookie-phaseout", *arguments],
        **options,  # type: ignore[arg-type]
    )
    yield context
    context.close()


def frame_of(page: Page, origin: str) -> Frame:
    """The frame that shows the app."""
    [frame] = [frame for frame in page.frames[1:] if frame.url.startswith(origin)]
    return frame


def _write_preferences(profile: Path, decided: Mapping[str, Mapping[str, int]]) -> None:
    exceptions = {
        kind: {patterns: {"setting": setting} for patterns, setting in entries.items()}
        for kind, entries in decided.items()
    }
    preferences = {
        "profile": {
            "cookie_controls_mode": NO_THIRD_PARTY_COOKIES,
            "block_third_party_cookies": True,
            "content_settings": {"exceptions": exceptions},
        }
    }
    (profile / "Default").mkdir(parents=True)
    (profile / "Default" / "Preferences").write_text(json.dumps(preferences), "utf-8")
