"""Routes that read what is known of the assertion's patient."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from safeguards.assertions import Asker
from safeguards.strict_json import dumps
from wearable_agg.api import answers
from wearable_agg.api.asking import asker_with, authenticate, person_of, record_read
from wearable_agg.api.backend import Backend
from wearable_agg.api.parameters import days_asked, instants_asked
from wearable_agg.api.problems import Problem
from wearable_agg.delivery import listing, rhythm
from wearable_agg.measurements.buckets import level_for, read_buckets
from wearable_agg.measurements.daily import local_days, series_of
from wearable_agg.people.accounts import accounts_of
from wearable_agg.people.consents import permits, permitted_types
from wearable_agg.people.registry import data_version, timezone_of

CHART_READ = "chart.read"
NO_PERSON = -1
"""A person that no row belongs to: reading for an unknown patient finds nothing."""


def reading_blueprint(backend: Backend) -> Blueprint:
    """Return the routes under /api/v1/patient that read."""
    routes = Blueprint("reading", __name__, url_prefix="/api/v1/patient")
    reading = _Reading(backend)
    routes.before_request(lambda: authenticate(backend))
    routes.get("")(reading.patient)
    routes.get("/days")(reading.days)
    routes.get("/heart-rate")(reading.heart_rate)
    routes.get("/rhythm")(reading.rhythm)
    routes.get("/findings")(reading.findings)
    routes.get("/findings/<finding_id>/strip")(reading.strip)
    return routes


def json_answer(document: object, status: int = 200) -> Response:
    """Return a JSON answer that nobody keeps."""
    answer = Response(dumps(document), status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


class _Reading:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def patient(self) -> Response:
        """Say which wearables are linked and when each last brought something."""
        asker = asker_with(CHART_READ)
        with self._backend.engine.connect() as connection:
            person_id = person_of(connection, asker)
            accounts = [] if person_id is None else accounts_of(connection, person_id)
            document = {
                "linked": [answers.linked(one, self._name(one.vendor)) for one in accounts],
                "timezone": self._zone(connection, asker, person_id).key,
                "person": person_id is not None,
            }
        record_read(self._backend, asker, "patient")
        return json_answer(document)

    def days(self) -> Response:
        """Give each local day of a window, from rollups and daily values."""
        asker = asker_with(CHART_READ)
        first, last = days_asked()
        with self._backend.engine.connect() as connection:
            person_id = person_of(connection, asker) or NO_PERSON
            tag = f"{_version(connection, person_id)}-{first}-{last}"
            known = request.if_none_match.contains_weak(tag)
            document = {} if known else self._days(connection, asker, person_id, first, last)
        record_read(self._backend, asker, "days", first=str(first), last=str(last))
        answer = json_answer(document)
        if known:
            answer = Response(status=304)
        answer.set_etag(tag, weak=True)
        return answer

    def heart_rate(self) -> Response:
        """Give heart rate from the finest rollup that is still few enough buckets."""
        asker = asker_with(CHART_READ)
        start, end = instants_asked()
        with self._backend.engine.connect() as connection:
            person_id = person_of(connection, asker)
            rows: list[list[float]] = []
            if person_id is not None:
                _demand_consent(connection, person_id, "heart_rate")
                found = read_buckets(connection, person_id, "heart_rate", start, end)
                rows = [[b.start, b.n, b.min, round(b.mean, 1), b.max] for b in found.buckets]
        record_read(self._backend, asker, "heart-rate", start=str(start), end=str(end))
        return json_answer({"level_seconds": level_for(start, end), "buckets": rows})

    def rhythm(self) -> Response:
        """Give episodes of possible atrial fibrillation and how much was looked at."""
        asker = asker_with(CHART_READ)
        start, end = instants_asked()
        with self._backend.engine.connect() as connection:
            person_id = person_of(connection, asker) or NO_PERSON
            document = rhythm.episodes(connection, person_id, start, end)
        record_read(self._backend, asker, "rhythm", start=str(start), end=str(end))
        return json_answer(document)

    def findings(self) -> Response:
        """Give every finding of the patient, the latest first."""
        asker = asker_with(CHART_READ)
        with self._backend.engine.connect() as connection:
            person_id = person_of(connection, asker) or NO_PERSON
            document = {"findings": listing.list_findings(connection, person_id)}
        record_read(self._backend, asker, "findings")
        return json_answer(document)

    def strip(self, finding_id: str) -> Response:
        """Give the ECG strip behind a finding."""
        asker = asker_with(CHART_READ)
        with self._backend.engine.connect() as connection:
            person_id = person_of(connection, asker) or NO_PERSON
            document = listing.strip(connection, person_id, finding_id)
        if document is None:
            raise Problem(404, "Not found", "This patient has no such finding with a strip.")
        record_read(self._backend, asker, "strip", finding=finding_id)
        return json_answer(document)

    def _days(
        self, connection: Connection, asker: Asker, person_id: int, first: date, last: date
    ) -> dict[str, Any]:
        zone = self._zone(connection, asker, person_id)
        allowed = permitted_types(connection, person_id)
        days = local_days(connection, person_id, zone, first, last, allowed)
        kept = {one.type for one in series_of(connection, person_id)}
        return {
            "timezone": zone.key,
            "days": [answers.day(one) for one in days],
            "withheld": sorted(kept - allowed),
        }

    def _zone(self, connection: Connection, asker: Asker, person_id: int | None) -> ZoneInfo:
        if person_id in (None, NO_PERSON):
            return ZoneInfo(self._backend.settings.tenant(asker.tenant).timezone)
        return timezone_of(connection, person_id)

    def _name(self, vendor: str) -> str:
        site = self._backend.sites.get(vendor)
        return site.vendor.name if site else vendor


def _version(connection: Connection, person_id: int) -> str:
    known = person_id != NO_PERSON
    return f"{person_id}-{data_version(connection, person_id)}" if known else "nobody"


def _demand_consent(connection: Connection, person_id: int, kind: str) -> None:
    if permits(connection, person_id, kind):
        return
    if any(one.type == kind for one in series_of(connection, person_id)):
        raise Problem(403, "No consent", "The patient does not share this data.")
