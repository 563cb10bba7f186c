"""The EHR's own pages, and the control addresses for tests and the demo under ``/sandbox``."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.ehr.auth.launches import Launch, Launches
from sandbox.ehr.database import Database
from sandbox.ehr.faults import Faults
from sandbox.ehr.fhir.store import current, versions
from sandbox.ehr.pages.charts import Charts
from sandbox.ehr.settings import CLINICIAN, TIMEZONE, Settings


class Pages:
    """Work-list and charts of the signed-in clinician."""

    def __init__(self, settings: Settings, charts: Charts, launches: Launches) -> None:
        self._settings = settings
        self._charts = charts
        self._launches = launches

    def worklist(self) -> str:
        """GET /: today's patients."""
        return render_template("worklist.html", people=self._charts.worklist(), timezone=TIMEZONE)

    def worklist_flags(self) -> Response:
        """GET /flags.json: per patient the active Flags, and those that nobody acknowledged."""
        people = self._charts.worklist()
        return jsonify({row["id"]: {"active": row["flags"], "open": row["open"]} for row in people})

    def chart(self, patient: str) -> str:
        """GET /patients/id: the chart, with the app launched in its frame."""
        header = self._header(patient)
        app = self._settings.framed_app
        return render_template(
            "chart.html",
            patient=header,
            summary=self._charts.summary(patient),
            flags=self._charts.flags(patient),
            timezone=TIMEZONE,
            app_name=app[0] if app else None,
            app_url=self._launch_url(patient) if app else None,
        )

    def chart_flags(self, patient: str) -> Response:
        """GET /patients/id/flags.json: what the banner shows."""
        self._header(patient)
        return jsonify({"flags": self._charts.flags(patient)})

    def open_app(self, patient: str) -> AnyResponse:
        """GET /patients/id/app: the app in a tab of its own."""
        self._header(patient)
        if self._settings.framed_app is None:
            abort(404)
        return redirect(self._launch_url(patient, framed=False), 303)

    def _header(self, patient: str) -> dict[str, Any]:
        try:
            return self._charts.header(patient)
        except LookupError:
            abort(404)

    def _launch_url(self, patient: str, *, framed: bool = True) -> str:
        app = self._settings.framed_app
        if app is None:
            abort(404)
        launch = Launch(CLINICIAN, patient, self._charts.encounter(patient), framed=framed)
        values = {"iss": self._settings.fhir_base, "launch": self._launches.mint(launch)}
        return f"{app[1]}{'&' if '?' in app[1] else '?'}{urlencode(values)}"


class Controls:
    """What tests and the demo may do to the sandbox and see of it."""

    def __init__(
        self, database: Database, faults: Faults, charts: Charts, launches: Launches
    ) -> None:
        self._database = database
        self._faults = faults
        self._charts = charts
        self._launches = launches

    def set_faults(self) -> AnyResponse:
        """POST /sandbox/faults: switch faults on and off."""
        wanted = request.get_json(silent=True)
        try:
            return jsonify(self._faults.set(wanted if isinstance(wanted, dict) else {}))
        except (TypeError, ValueError) as error:
            return Response(str(error), 400, content_type="text/plain")

    def flags(self) -> Response:
        """GET /sandbox/flags?patient=: every Flag ever stored, with all versions, oldest first."""
        rows = self._database.read().execute(
            "SELECT id, patient FROM resources WHERE type = 'Flag'"
            " AND patient = coalesce(?, patient) ORDER BY sequence",
            (request.args.get("patient"),),
        )
        return jsonify({"flags": [self._flag(row["id"], row["patient"]) for row in rows]})

    def resources(self, kind: str) -> Response:
        """GET /sandbox/resources/<type>?patient=: what is stored now, oldest first."""
        rows = self._database.read().execute(
            "SELECT id FROM resources WHERE type = ? AND patient = coalesce(?, patient)"
            " ORDER BY sequence",
            (kind, request.args.get("patient")),
        )
        found = [current(self._database.read(), kind, row["id"]) for row in rows]
        return jsonify([json.loads(stored.body) for stored in found if stored])

    def mint_launch(self) -> AnyResponse:
        """POST /sandbox/launches {"patient": id}: a launch id, as opening the chart would mint."""
        patient = (request.get_json(silent=True) or {}).get("patient", "")
        if not self._charts.has(patient):
            abort(404)
        launch = Launch(CLINICIAN, patient, self._charts.encounter(patient))
        return jsonify({"launch": self._launches.mint(launch)})

    def _flag(self, id_: str, patient: str) -> dict[str, Any]:
        found = [
            json.loads(stored.body) if not stored.deleted else None
            for stored, _ in reversed(versions(self._database.read(), "Flag", id_))
        ]
        return {"id": id_, "patient": patient, "current": found[-1], "versions": found}


def pages_blueprint(pages: Pages, settings: Settings) -> Blueprint:
    """The routes a clinician uses, with a policy that frames only the registered app."""
    site = Blueprint("pages", __name__, template_folder="templates", static_folder="static")
    site.get("/")(pages.worklist)
    site.get("/flags.json")(pages.worklist_flags)
    site.get("/patients/<patient>")(pages.chart)
    site.get("/patients/<patient>/flags.json")(pages.chart_flags)
    site.get("/patients/<patient>/app")(pages.open_app)
    frames = _origin(settings.framed_app[1]) if settings.framed_app else "'none'"
    policy = f"default-src 'self'; frame-src {frames} {_origin(settings.url)}; base-uri 'none'"

    @site.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return site


def not_found() -> str:
    """The page for an address that is none."""
    return render_template("missing.html")


def controls_blueprint(controls: Controls) -> Blueprint:
    """The routes under ``/sandbox``."""
    sandbox = Blueprint("sandbox", __name__, url_prefix="/sandbox")
    sandbox.post("/faults")(controls.set_faults)
    sandbox.get("/flags")(controls.flags)
    sandbox.get("/resources/<kind>")(controls.resources)
    sandbox.post("/launches")(controls.mint_launch)
    return sandbox


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
