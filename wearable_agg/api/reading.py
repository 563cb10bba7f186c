"""Routes that read what is known of the assertion's patient."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from wearable_agg.api import answers, cursors
from wearable_agg.api.parameters import DAYS, INSTANTS, PAGE, days_asked, instants_asked
from wearable_agg.api.problems import NO_CONSENT, NOT_FOUND, Problem
from wearable_agg.api.routes import CHART_READ, NO_PERSON, Call, Parameter, Route
from wearable_agg.client import model
from wearable_agg.client.measured import Measurements
from wearable_agg.delivery import listing, rhythm
from wearable_agg.intake.health import health_of
from wearable_agg.intake.jobs import fetched_back_to
from wearable_agg.measurements.buckets import level_for, read_buckets
from wearable_agg.measurements.daily import local_days, series_of
from wearable_agg.measurements.types import TYPES
from wearable_agg.measurements.values import read_values
from wearable_agg.people.accounts import ACTIVE, Account, accounts_of
from wearable_agg.people.consents import RHYTHM, permits, permits_topic, permitted_types
from wearable_agg.people.registry import timezone_of
from wearable_agg.store.clock import to_micros


def _known(name: str) -> str:
    if name not in TYPES:
        raise ValueError(name)
    return name


FINDING_ID = Parameter(
    "finding_id", "The finding's `id`.", {"type": "string", "maxLength": 64}, where="path"
)
TYPE = Parameter(
    "type", "The type of measurement.", {"type": "string", "enum": sorted(TYPES)}, _known
)
NO_SUCH_STRIP = "This patient has no such finding with a strip."
NO_SUCH_BEATS = "This patient has no such finding with heart beats."


def patient(call: Call) -> dict[str, Any]:
    """Say which wearables are linked, when each last synchronised and whether that is well."""
    accounts = accounts_of(call.connection, call.person_id)
    return {
        "linked": [_linked(call, one) for one in accounts],
        "timezone": _zone(call).key,
        "person": call.person_id != NO_PERSON,
    }


def days(call: Call) -> dict[str, Any]:
    """Give each local day of a window, from rollups and daily values.

    What the patient does not share is left out, and named under `withheld`.
    """
    first, last = days_asked(call)
    zone = _zone(call)
    allowed = permitted_types(call.connection, call.person_id)
    shown = local_days(call.connection, call.person_id, zone, first, last, allowed)
    kept = {one.type for one in series_of(call.connection, call.person_id)}
    return {
        "timezone": zone.key,
        "days": [answers.day(one) for one in shown],
        "withheld": sorted(kept - allowed),
    }


def heart_rate(call: Call) -> dict[str, Any]:
    """Give heart rate from the finest rollup that is still few enough buckets."""
    start, end = instants_asked(call)
    if not permits(call.connection, call.person_id, "heart_rate"):
        if any(one.type == "heart_rate" for one in series_of(call.connection, call.person_id)):
            raise _not_shared()
        return {"level_seconds": level_for(start, end), "buckets": []}
    found = read_buckets(call.connection, call.person_id, "heart_rate", start, end)
    rows = [[b.start, b.n, b.min, round(b.mean, 1), b.max] for b in found.buckets]
    return {"level_seconds": found.level_seconds, "buckets": rows}


def measured(call: Call) -> dict[str, Any]:
    """Give the values of one type as they are kept, from every source, page by page."""
    start, end = instants_asked(call)
    kind, limit = call.values["type"], call.values["limit"]
    if not permits(call.connection, call.person_id, kind):
        if any(one.type == kind for one in series_of(call.connection, call.person_id)):
            raise _not_shared()
        return {"type": kind, "unit": TYPES[kind].unit, "measurements": [], "next": None}
    listed = f"measurements {kind}"
    window, after = (start, end), cursors.read(call, listed)
    found = read_values(call.connection, call.person_id, kind, *window, limit + 1, after)
    shown = found[:limit]
    return {
        "type": kind,
        "unit": TYPES[kind].unit,
        "measurements": [answers.value(one) for one in shown],
        "next": cursors.made(call, listed, shown[-1].place) if len(found) > limit else None,
    }


def rhythm_between(call: Call) -> dict[str, Any]:
    """Give episodes of possible atrial fibrillation and how much was looked at."""
    start, end = instants_asked(call)
    demand_rhythm(call)
    return rhythm.episodes(call.connection, call.person_id, start, end)


def findings(call: Call) -> dict[str, Any]:
    """Give the patient's findings, the latest first, page by page."""
    demand_rhythm(call)
    limit = call.values["limit"]
    after = cursors.read(call, "findings")
    found = listing.list_findings(call.connection, call.person_id, after=after, limit=limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return {
        "findings": shown,
        "next": cursors.made(call, "findings", _place(shown[-1])) if more else None,
    }


def strip(call: Call) -> dict[str, Any]:
    """Give the ECG strip behind a finding."""
    finding_id = call.values["finding_id"]
    document = listing.strip(call.connection, call.person_id, finding_id)
    if document is None:
        raise Problem(NOT_FOUND, NO_SUCH_STRIP)
    demand_rhythm(call)
    return document


def beats(call: Call) -> dict[str, Any]:
    """Give the heart beats behind a finding that was made without an ECG."""
    document = listing.beats(call.connection, call.person_id, call.values["finding_id"])
    if document is None:
        raise Problem(NOT_FOUND, NO_SUCH_BEATS)
    demand_rhythm(call)
    return document


def demand_rhythm(call: Call) -> None:
    """Raise Problem 403 where there is a rhythm that the patient does not share."""
    if permits_topic(call.connection, call.person_id, RHYTHM):
        return
    if rhythm.is_known(call.connection, call.person_id):
        raise _not_shared()


def _linked(call: Call, account: Account) -> dict[str, Any]:
    backend = call.backend
    health = health_of(call.connection, account.id, backend.poll_seconds(account.vendor))
    back_to = fetched_back_to(call.connection, account.id) if account.status == ACTIVE else None
    return answers.linked(account, backend.vendor_name(account.vendor), health, back_to)


def _not_shared() -> Problem:
    return Problem(NO_CONSENT, "The patient does not share this data.")


def _place(finding: dict[str, Any]) -> tuple[int, str]:
    return to_micros(datetime.fromisoformat(finding["onset"])), finding["id"]


def _zone(call: Call) -> ZoneInfo:
    if call.person_id == NO_PERSON:
        return ZoneInfo(call.backend.settings.tenant(call.asker.tenant).timezone)
    return timezone_of(call.connection, call.person_id)


READING = (
    Route(
        "GET",
        "/patient",
        "patient",
        "Linked wearables",
        CHART_READ,
        patient,
        model.PatientLinks,
        recorded="patient",
    ),
    Route(
        "GET",
        "/patient/days",
        "days",
        "Local days",
        CHART_READ,
        days,
        model.Days,
        parameters=DAYS,
        tagged=True,
        recorded="days",
    ),
    Route(
        "GET",
        "/patient/heart-rate",
        "heartRate",
        "Heart rate in buckets",
        CHART_READ,
        heart_rate,
        model.Buckets,
        parameters=INSTANTS,
        problems=(NO_CONSENT,),
        tagged=True,
        recorded="heart-rate",
    ),
    Route(
        "GET",
        "/patient/measurements",
        "measurements",
        "Single values of one type",
        CHART_READ,
        measured,
        Measurements,
        parameters=(TYPE, *INSTANTS, *PAGE),
        problems=(NO_CONSENT,),
        tagged=True,
        recorded="measurements",
    ),
    Route(
        "GET",
        "/patient/rhythm",
        "rhythm",
        "Episodes of possible atrial fibrillation",
        CHART_READ,
        rhythm_between,
        model.Rhythm,
        parameters=INSTANTS,
        problems=(NO_CONSENT,),
        tagged=True,
        recorded="rhythm",
    ),
    Route(
        "GET",
        "/patient/findings",
        "findings",
        "Findings",
        CHART_READ,
        findings,
        model.Findings,
        parameters=PAGE,
        problems=(NO_CONSENT,),
        tagged=True,
        recorded="findings",
    ),
    Route(
        "GET",
        "/patient/findings/{finding_id}/strip",
        "strip",
        "The ECG behind a finding",
        CHART_READ,
        strip,
        model.Strip,
        parameters=(FINDING_ID,),
        problems=(NO_CONSENT, NOT_FOUND),
        tagged=True,
        recorded="strip",
    ),
    Route(
        "GET",
        "/patient/findings/{finding_id}/beats",
        "beats",
        "The heart beats behind a finding without an ECG",
        CHART_READ,
        beats,
        model.Beats,
        parameters=(FINDING_ID,),
        problems=(NO_CONSENT, NOT_FOUND),
        tagged=True,
        recorded="beats",
    ),
)
