"""A tab of a real Chromium with a chart in it: what is clicked, and all that is then shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Frame, Locator, Response

from tests.support.two_tabs import PEOPLE, Person

SIGHT = 30_000
ANYBODY = re.compile("|".join(person.name for person in PEOPLE))


class ChromiumTab:
    """One tab; `report` gives the patient a new finding to acknowledge."""

    def __init__(
        self,
        context: BrowserContext,
        ehr: str,
        app: str,
        person: Person,
        report: Callable[[Person], None] = lambda person: None,
    ) -> None:
        self.person, self.ehr, self.app, self._report = person, ehr, app, report
        self._page = context.new_page()
        self._frame = self._page.frame_locator("iframe")
        self._ranges = 0

    def relaunch(self) -> list[str]:
        self._page.goto(f"{self.ehr}/patients/{self.person.id}")
        return self._shown()

    def refresh(self) -> list[str]:
        frame = self._inner()
        with self._page.expect_event("framenavigated", lambda moved: moved == frame):
            frame.evaluate("() => { window.location.reload(); }")
        return self._shown()

    def choose(self) -> list[str]:
        self._ranges += 1
        button = self._frame.get_by_role("button", name=("2 wk", "1 yr")[self._ranges % 2])
        return [self._clicked(button, ("days=", "range.data")), *self._shown()]

    def acknowledge(self) -> list[str]:
        self._report(self.person)
        before = self.refresh()
        button = self._frame.get_by_role("button", name=re.compile("^Acknowledge")).first
        return [*before, self._clicked(button, ("/acknowledge", "acknowledge")), *self._shown()]

    def back(self) -> list[str]:
        """Away to the work-list, and back by the browser's own button."""
        self._page.goto(f"{self.ehr}/")
        self._page.go_back()
        return self._shown()

    def _clicked(self, button: Locator, words: tuple[str, str]) -> str:
        """Click; return the answer that the click led to."""

        def led_to(response: Response) -> bool:
            changed = _changed(response.request.post_data_json if _is_callback(response) else None)
            return words[0] in response.url or words[1] in changed

        with self._page.expect_response(led_to, timeout=SIGHT) as answer:
            button.click(timeout=SIGHT)
        return str(answer.value.text())

    def _shown(self) -> list[str]:
        """All that can be read in the frame, once somebody's name can."""
        self._frame.get_by_text(ANYBODY).first.wait_for(timeout=SIGHT)
        return [self._frame.locator("body").inner_text()]

    def _inner(self) -> Frame:
        [frame] = [one for one in self._page.frames[1:] if one.url.startswith(self.app)]
        return frame


def _is_callback(response: Response) -> bool:
    return "/_dash-update-component" in response.url


def _changed(body: Any) -> str:
    return " ".join(body["changedPropIds"]) if body else ""
