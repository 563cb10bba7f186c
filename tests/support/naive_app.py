"""What not to do, as a control: an app that keeps "the current patient" in the session."""

from __future__ import annotations

import secrets
import threading
from types import TracebackType

from flask import Flask, redirect, request, session, url_for
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from tests.conformance.browser import Browser
from tests.support.two_tabs import PEOPLE, Person


class NaiveHospital:
    """EHR and app in one server, the app in a frame of the chart."""

    def __init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, _app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> NaiveHospital:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class NaiveTab:
    """A tab of the naive app without a browser."""

    def __init__(self, jar: Browser, url: str, person: Person) -> None:
        self.jar, self.url, self.person = jar, url, person

    def relaunch(self) -> list[str]:
        return [self.jar.visit(f"{self.url}/open/{self.person.id}").text]

    def refresh(self) -> list[str]:
        return [self.jar.visit(f"{self.url}/chart").text]

    def choose(self) -> list[str]:
        return [self.jar.visit(f"{self.url}/chart?days=365").text]

    def acknowledge(self) -> list[str]:
        return [self.jar.request("POST", f"{self.url}/acknowledge").text]

    def back(self) -> list[str]:
        return self.refresh()


def _app() -> Flask:
    app = Flask("naive")
    app.secret_key = secrets.token_bytes(32)
    people = {person.id: person for person in PEOPLE}

    @app.get("/patients/<patient>")
    def chart_of_the_ehr(patient: str) -> str:
        return f'<iframe src="/open/{patient}"></iframe>'

    @app.get("/")
    def worklist() -> str:
        return "Work-list"

    @app.get("/open/<patient>")
    def open_chart(patient: str) -> Response:
        session["patient"] = patient
        return redirect(url_for("chart"))

    @app.get("/chart")
    def chart() -> str:
        return _page(people[session["patient"]], request.args.get("days", "90"))

    @app.post("/acknowledge")
    def acknowledge() -> str:
        return _page(people[session["patient"]], "90")

    return app


def _page(person: Person, days: str) -> str:
    return f"""<!doctype html>
<p>{person.name}, {person.drug}, {days} days</p>
<form action="/chart">
<button name="days" value="14">2 wk</button><button name="days" value="365">1 yr</button>
</form>
<form action="/acknowledge" method="post"><button>Acknowledge</button></form>"""
