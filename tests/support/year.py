"""Whether the year of every wearer in the demo has come in, as the backend's API tells it."""

from __future__ import annotations

import time
from datetime import date, timedelta

import requests

from app.demo import people, site
from app.demo.site import Site
from safeguards.assertions import Asker, Signer

PARTS = ("steps", "sleep", "heart_rate", "resting_heart_rate", "hrv", "oxygen_saturation")
NEVER_TOLD = {"withings": frozenset({"resting_heart_rate"})}
OLDEST = timedelta(days=350)
"""How far back each part reaches in the end: a year, less a few days that were not worn."""

NEWEST = timedelta(days=3)
"""What is younger still changes while a watch is worn."""

Known = dict[tuple[str, str], dict[str, object]]
"""By patient and part, each day's value."""


def known(place: Site) -> Known:
    """Return what the backend knows of the last year of every wearer."""
    signer = Signer.open(place.data / "keys")
    return {
        (wearer.patient, part): {
            str(day["date"]): day[part] for day in days if day[part] is not None
        }
        for wearer in people.WEARERS
        for days in [_days(place, signer, wearer.patient)]
        for part in PARTS
        if part not in NEVER_TOLD.get(wearer.vendor, ())
    }


def lacking(found: Known) -> list[str]:
    """Return which parts of whom do not reach back far enough."""
    oldest = (date.today() - OLDEST).isoformat()
    return [
        f"{patient} {part}"
        for (patient, part), days in found.items()
        if min(days, default="9999") > oldest
    ]


def await_year(place: Site, seconds: float) -> float:
    """Wait until nothing is lacking and nothing more comes; return the instant when that was so.

    The instant is of time.monotonic(). Raises AssertionError, naming what is lacking.
    """
    deadline = time.monotonic() + seconds
    before, since = known(place), time.monotonic()
    while True:
        time.sleep(1)
        at = time.monotonic()
        found = known(place)
        if found == before and not lacking(found):
            return since
        if found != before:
            before, since = found, at
        assert at < deadline, f"after {seconds:.0f} s still coming in: {lacking(found)}"


def _days(place: Site, signer: Signer, patient: str) -> list[dict[str, object]]:
    asker = Asker(
        tenant=site.TENANT,
        issuer=f"{place.ehr_url}/fhir",
        patient=patient,
        user="Practitioner/ingrid-lind",
        user_name="Dr Ingrid Lind",
        context="year",
        scopes=frozenset({"chart.read"}),
    )
    newest = date.today() - NEWEST
    answer = requests.get(
        f"{place.api_url}/api/v1/patient/days",
        params={"from": str(newest - timedelta(days=365)), "to": str(newest)},
        headers={"Authorization": f"Bearer {signer.sign(asker, 'wristchart-api')}"},
        timeout=30,
    )
    answer.raise_for_status()
    return list(answer.json()["days"])
