"""A tab of the product's page without a browser: the requests that Dash sends, one cookie jar."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from app.cookies import CSRF, CSRF_HEADER
from app.demo.processes import wait_until
from tests.conformance.browser import Browser
from tests.support.two_tabs import Person

VIEWPORT = {"theme": "light", "compact": False, "visit": "visit"}
BUTTON = re.compile(r'\{[^{}]*"decision": ?"acknowledged"[^{}]*\}')
SEVERAL = '"ALL"'
LONGEST_SILENCE = 15.0
"""Seconds: on a busy machine the page may say for a while that the backend does not answer."""


class HttpTab:
    """One tab; `jar` is what all tabs of the browser share, `report` gives a new finding."""

    def __init__(
        self, jar: Browser, ehr: str, web: str, person: Person, report: Callable[[Person], None]
    ) -> None:
        self.jar, self.ehr, self.web, self.person = jar, ehr, web, person
        self._report = report
        self._paths: list[str] = []
        self._range = "90"
        self._callbacks: dict[str, dict[str, Any]] = {}

    def relaunch(self) -> list[str]:
        chart = self.jar.get(f"{self.ehr}/patients/{self.person.id}").text
        [source] = re.findall(r'<iframe[^>]+src="([^"]+)"', chart)
        page = self.jar.visit(html.unescape(source).replace("/launch.html", "/launch"))
        self._paths.append(urlsplit(page.url).path)
        self.jar.hops.clear()
        if not self._callbacks:
            self._learn()
        return self._look()

    def refresh(self) -> list[str]:
        assert self.jar.get(f"{self.web}{self._paths[-1]}").status_code == 200
        return self._look()

    def choose(self) -> list[str]:
        self._range = "365" if self._range != "365" else "14"
        return [self._ask("timeline.figure", "range.data")]

    def acknowledge(self) -> list[str]:
        self._report(self.person)
        shown: list[str] = []

        def is_offered() -> bool:
            shown.append(self._ask("findings.children", "tick.data"))
            return BUTTON.search(shown[-1]) is not None

        assert wait_until(is_offered, LONGEST_SILENCE, pause=0.5), shown[-1]
        button = json.loads(BUTTON.findall(shown[-1])[0])
        return [*shown, self._ask("findings.children", "", click=button)]

    def back(self) -> list[str]:
        """To the page before the last launch, which then is the tab's page."""
        if len(self._paths) > 1:
            self._paths.pop()
        return self.refresh()

    def _look(self) -> list[str]:
        return [
            self._ask("patient.children", "viewport.data"),
            self._ask("timeline.figure", "viewport.data"),
        ]

    def _learn(self) -> None:
        listed = self.jar.get(f"{self.web}/c/_dash-dependencies").json()
        for callback in listed:
            for output in callback["output"].strip(".").split("..."):
                self._callbacks[output.partition("@")[0]] = callback

    def _ask(self, output: str, changed: str, click: dict[str, Any] | None = None) -> str:
        """Send the callback that yields `output`; return its answer."""
        callback = self._callbacks[output]
        values = {
            "url.pathname": self._paths[-1],
            "viewport.data": VIEWPORT,
            "range.data": self._range,
            "tick.data": 0,
        }

        def given(part: dict[str, str]) -> Any:
            if SEVERAL in part["id"] or part["id"].startswith("{"):
                pressed = click is not None and json.loads(part["id"])["type"] == click["type"]
                one = {"id": click, "property": part["property"], "value": 1}
                return [one] if pressed else []
            name = f"{part['id']}.{part['property']}"
            return {"id": part["id"], "property": part["property"], "value": values.get(name)}

        trigger = f"{json.dumps(click, separators=(',', ':'), sort_keys=True)}.n_clicks"
        body = {
            "output": callback["output"],
            "outputs": _outputs(callback["output"]),
            "inputs": [given(part) for part in callback["inputs"]],
            "state": [given(part) for part in callback["state"]],
            "changedPropIds": [trigger if click else changed],
        }
        headers = {"Origin": self.web, "Sec-Fetch-Site": "same-origin"}
        headers[CSRF_HEADER] = self.jar.cookies[self.web][CSRF]
        address = f"{self.web}/c/_dash-update-component"
        answer = self.jar.request("POST", address, json=body, headers=headers)
        self.jar.hops.clear()
        assert answer.status_code == 200, (answer.status_code, output, answer.text[:300])
        return answer.text


def _outputs(written: str) -> Any:
    parts = [part.rpartition(".") for part in written.strip(".").split("...")]
    listed = [{"id": name, "property": prop.partition("@")[0]} for name, _, prop in parts]
    return listed if written.startswith("..") else listed[0]
