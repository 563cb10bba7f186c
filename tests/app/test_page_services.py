from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, g, jsonify, request
from werkzeug.serving import make_server

from app.contexts import LaunchContext
from app.services import LaunchedServices
from clinical.findings import Decision
from dashboards.services import Banner, LaunchExpired, MedicationRead, Missing, Outcome
from safeguards.assertions import Asker, Verifier
from safeguards.egress import Limits
from tests.app.conftest import Browser, Site
from tests.support.stub_ehr import SCOPES, StubEhr, order

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 2)
SEEN = Decision.ACKNOWLEDGED


class StubBackend:
    """Answers as the backend would, to requests that are signed; remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Asker]] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.verifier: Verifier | None = None
        self.answers: dict[str, Any] = {
            "": {"linked": [], "timezone": "America/Chicago", "person": True},
            "/findings": {"findings": [], "next": None},
            "/work-items": {"items": []},
            "/days": {"timezone": "America/Chicago", "days": [], "withheld": []},
            "/rhythm": {
                "episodes": [],
                "recorded_seconds": 3600,
                "events": [],
                "events_left_out": 0,
                "analysed_seconds": 3000,
                "af_seconds": 0,
                "before": {"recorded_seconds": 60, "analysed_seconds": 50, "af_seconds": 40},
            },
            "/invitations": {
                "url": "http://x/link/1",
                "qr": "<svg/>",
                "code": "123456",
                "expires_at": "2026-01-02T00:00:00+00:00",
            },
        }
        app = Flask("stub_backend")
        app.add_url_rule("/api/v1/patient", view_func=self._answer, defaults={"rest": ""})
        app.add_url_rule(
            "/api/v1/patient/<path:rest>", view_func=self._answer, methods=["GET", "POST"]
        )
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, rest: str) -> Any:
        assert self.verifier is not None
        token = request.headers["Authorization"].removeprefix("Bearer ")
        self.asked.append((rest, self.verifier.verify(token, "wristchart-api")))
        self.headers.append(dict(request.headers))
        if self.status != 200:
            return Response("{}", self.status)
        answer = self.answers.get(f"/{rest}" if rest else "")
        return jsonify(answer) if answer is not None else Response("{}", 404)


class Desk:
    """The services as the page has them, within one request of a browser."""

    def __init__(self, site: Site, browser: Browser) -> None:
        self.path = browser.launch()
        self.services = LaunchedServices.over(site.parts)
        session = site.parts.sessions.find(browser.cookie("__Host-session"))
        with site.app.test_request_context():
            g.session = session
            self.context = self.services.open(self.path)
        self._site, self._session = site, session

    def ask(self, name: str, *arguments: Any) -> Any:
        with self._site.app.test_request_context():
            g.session = self._session
            return getattr(self.services, name)(self.context, *arguments)


@pytest.fixture
def backend() -> Iterator[StubBackend]:
    running = StubBackend()
    yield running
    running.close()


@pytest.fixture
def desk(ehr: StubEhr, backend: StubBackend, tmp_path: Path) -> Desk:
    site = Site(ehr, tmp_path / "data", api_url=backend.url)
    backend.verifier = Verifier.open(site.settings.keys)
    return Desk(site, site.browser())


def test_the_banner_says_who_the_patient_is(desk: Desk) -> None:
    assert desk.ask("banner") == Banner("Marit Solheim", "F", date(1958, 3, 14), "004417", False)


def test_medications_come_as_lanes(desk: Desk) -> None:
    read = desk.ask("medications")
    assert [lane.name for lane in read.lanes] == ["Apixaban"]
    assert read.gaps == ()


@pytest.fixture
def asthmatic(ehr: StubEhr, tmp_path: Path) -> Desk:
    """A site that asks for problems and allergies, of which the EHR grants only the problems."""
    problem = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/marit"}}
    ehr.resources["Condition"] = [problem | {"code": {"text": "Asthma"}}]
    scopes = f"{SCOPES} patient/Condition.rs"
    ehr.token_answer["scope"] = scopes
    asked = (*scopes.split(), "patient/AllergyIntolerance.rs")
    site = Site(ehr, tmp_path / "data", changes={"scopes": asked})
    return Desk(site, site.browser())


def test_problems_are_read_where_they_are_granted(asthmatic: Desk) -> None:
    read = asthmatic.ask("background")
    assert [problem.name for problem in read.problems] == ["Asthma"]
    assert read.complete == {"Condition"}
    assert [gap.partition(":")[0] for gap in read.gaps] == ["Allergies"]


def test_without_the_ehr_the_background_is_missing(asthmatic: Desk, ehr: StubEhr) -> None:
    ehr.statuses["/fhir/Condition"] = 503
    read = asthmatic.ask("background")
    assert (read.problems, read.complete) == ((), frozenset())
    assert "Problem list: The EHR does not answer at the moment." in read.gaps


def test_what_could_not_be_read_is_said_in_words(desk: Desk, ehr: StubEhr) -> None:
    ehr.statuses["/fhir/MedicationStatement"] = 403
    ehr.resources["MedicationRequest"] = [order(), order("m2", "jonas")]
    assert desk.ask("medications").gaps == (
        "Medication orders: Entries about another person were left out (1)",
        "Patient-reported medications: The EHR does not permit reading it.",
    )


def test_without_the_ehr_the_rest_is_shown(desk: Desk, ehr: StubEhr) -> None:
    ehr.statuses |= {"/fhir/MedicationRequest": 503, "/fhir/Patient/marit": 503}
    silent = "The EHR does not answer at the moment."
    assert desk.ask("medications") == Missing("Medications", silent)
    assert desk.ask("banner") == Missing("Patient", silent)
    rhythm = desk.ask("rhythm", FIRST, LAST)
    assert (rhythm.analysed.analysed_seconds, rhythm.before.af_seconds) == (3000, 40)


def test_without_the_backend_the_rest_is_shown(ehr: StubEhr, site: Site) -> None:
    desk = Desk(site, site.browser())
    silent = "The wearable service does not answer at the moment."
    assert desk.ask("wearables", FIRST, LAST) == Missing("Wearable data", silent)
    assert desk.ask("rhythm", FIRST, LAST) == Missing("Rhythm", silent)
    assert desk.ask("findings") == Missing("Findings", silent)
    assert desk.ask("strip", "f1") == Missing("ECG", silent)
    assert desk.ask("invite") == Missing("Invitation", silent)
    assert desk.ask("decide", "f1", SEEN, 1, "") is Outcome.UNAVAILABLE
    assert isinstance(desk.ask("medications"), MedicationRead)
    assert desk.ask("timezone") == "Europe/Oslo"


def test_a_silent_backend_is_waited_for_once(
    ehr: StubEhr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.READING", Limits(connect=0.4, read=0.4, total=1.0))
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connects, and never answers
        site = Site(ehr, tmp_path / "data", api_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        desk = Desk(site, site.browser())
        begun = time.monotonic()
        read = [desk.ask("rhythm", FIRST, LAST) for _ in range(5)] + [desk.ask("findings")]
        assert time.monotonic() - begun < 1.2
    assert all(isinstance(part, Missing) and part.passing for part in read)


def test_a_backend_that_fails_at_once_is_asked_for_every_part(
    desk: Desk, backend: StubBackend
) -> None:
    backend.status = 500
    desk.ask("findings")
    backend.status = 200
    assert not isinstance(desk.ask("rhythm", FIRST, LAST), Missing)


def test_each_question_says_who_asks_and_for_whom(desk: Desk, backend: StubBackend) -> None:
    desk.ask("findings")
    _, who = backend.asked[-1]
    assert (who.patient, who.user, who.user_name) == (
        "marit",
        "Practitioner/ingrid-lind",
        "Dr Ingrid Lind",
    )
    assert who.context == desk.context
    assert who.scopes == {"chart.read", "finding.act", "people.invite", "consent.revoke"}


def test_who_is_no_clinician_may_only_read(ehr: StubEhr, backend: StubBackend, site: Site) -> None:
    ehr.claims = {"fhirUser": "Patient/marit"}
    own = Site(ehr, site.data.with_name("other"), api_url=backend.url)
    backend.verifier = Verifier.open(own.settings.keys)
    Desk(own, own.browser()).ask("findings")
    assert backend.asked[-1][1].scopes == {"chart.read"}


def test_the_patients_own_time_zone_counts(desk: Desk) -> None:
    assert desk.ask("timezone") == "America/Chicago"


def test_the_chart_is_read_once_for_a_while(desk: Desk, ehr: StubEhr) -> None:
    for _ in range(3):
        desk.ask("medications")
    assert len(ehr.to("/fhir/MedicationRequest")) == 1


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (409, Outcome.CHANGED),
        (403, Outcome.NOT_PERMITTED),
        (500, Outcome.UNAVAILABLE),
        (404, Outcome.UNAVAILABLE),
    ],
)
def test_what_became_of_a_decision(
    desk: Desk, backend: StubBackend, status: int, outcome: Outcome
) -> None:
    backend.status = status
    assert desk.ask("decide", "f1", SEEN, 1, "seen") is outcome


def test_the_same_click_twice_is_one_act(desk: Desk, backend: StubBackend) -> None:
    for note in ("seen", "seen", "called"):
        desk.ask("decide", "f1", SEEN, 1, note)
    keys = [headers["Idempotency-Key"] for headers in backend.headers[-3:]]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("finding", ["../patient", "a/b", "", "x" * 65, "a?b"])
def test_a_finding_that_is_none_is_not_asked_for(
    desk: Desk, backend: StubBackend, finding: str
) -> None:
    assert desk.ask("strip", finding) is None
    assert desk.ask("decide", finding, SEEN, 1, "") is Outcome.CHANGED
    assert backend.asked == []


def test_what_is_not_permitted_is_said(desk: Desk, backend: StubBackend) -> None:
    backend.status = 403
    assert "not permitted" in desk.ask("findings").reason


@pytest.mark.threat("T15")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("banner", ()),
        ("medications", ()),
        ("background", ()),
        ("timezone", ()),
        ("operates", ()),
        ("today", ()),
        ("wearables", (FIRST, LAST)),
        ("rhythm", (FIRST, LAST)),
        ("findings", ()),
        ("strip", ("f1",)),
        ("decide", ("f1", SEEN, 1, "")),
        ("invite", ()),
    ],
)
def test_no_part_is_read_for_another_session(
    desk: Desk, backend: StubBackend, ehr: StubEhr, name: str, arguments: tuple[Any, ...]
) -> None:
    desk._session = "another"
    sent = len(ehr.sent)
    with pytest.raises(LaunchExpired):
        desk.ask(name, *arguments)
    assert (backend.asked, len(ehr.sent)) == ([], sent)


def test_every_reading_of_the_chart_is_audited(desk: Desk) -> None:
    desk.ask("medications")
    with desk._site.parts.store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT actor, action, entity FROM audit").all()
    assert rows[-1] == ("Practitioner/ingrid-lind", "read medications", "Patient/marit")


def test_a_launch_is_one_patient(desk: Desk) -> None:
    found: LaunchContext = desk._site.parts.contexts.find(desk.context, desk._session or "")
    assert found.facts.patient == "marit"
