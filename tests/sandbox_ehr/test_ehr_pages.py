"""What the clinician's pages show and launch."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
from ehr_visitor import flag, redirected

from sandbox.ehr.settings import TIMEZONE


def page(ehr, path):
    return requests.get(f"{ehr.url}{path}", timeout=5)


def framed_address(ehr, patient):
    return unescape(
        re.search(r'<iframe[^>]* src="([^"]+)"', page(ehr, f"/patients/{patient}").text)[1]
    )


def test_the_worklist_shows_every_patient(ehr):
    text = page(ehr, "/").text
    assert text.count("<tr data-patient=") == 7
    assert "Solheim, Marit" in text


def test_each_opening_of_a_chart_launches_afresh(ehr):
    addresses = [framed_address(ehr, "marit-solheim") for _ in range(2)]
    queries = [parse_qs(urlsplit(address).query) for address in addresses]
    assert addresses[0].startswith("http://127.0.0.1:9/launch.html?")
    assert queries[0]["iss"] == [ehr.base]
    assert queries[0]["launch"] != queries[1]["launch"]


def test_the_launch_of_a_chart_is_for_its_patient(ehr):
    launch = parse_qs(urlsplit(framed_address(ehr, "jonas-berg")).query)["launch"][0]
    code = redirected(ehr.authorize(launch=launch))["code"]
    assert ehr.exchange(code).json()["patient"] == "jonas-berg"


def test_the_app_opens_in_a_tab_of_its_own(ehr):
    answer = ehr.http.get(f"{ehr.url}/patients/li-wei/app", allow_redirects=False)
    assert answer.status_code == 303
    launch = parse_qs(urlsplit(answer.headers["Location"]).query)["launch"][0]
    token = ehr.exchange(redirected(ehr.authorize(launch=launch))["code"]).json()
    assert (token["patient"], token["need_patient_banner"]) == ("li-wei", True)


def test_only_the_registered_app_may_be_framed(ehr):
    policy = page(ehr, "/patients/li-wei").headers["Content-Security-Policy"]
    assert "frame-src http://127.0.0.1:9 " in policy


@pytest.mark.parametrize("path", ["", "/flags.json", "/app"])
def test_an_unknown_patient_is_not_found(ehr, path):
    answer = page(ehr, f"/patients/nobody{path}")
    assert answer.status_code == 404
    assert "Go to the work-list" in answer.text


def test_an_unknown_address_leads_back(ehr):
    answer = page(ehr, "/nothing/here")
    assert answer.status_code == 404
    assert "Go to the work-list" in answer.text


def test_visits_are_told_in_the_hospitals_time(ehr):
    row = re.search(r'<tr data-patient="marit-solheim">.*?</tr>', page(ehr, "/").text, re.DOTALL)[0]
    begins = datetime.now(UTC).replace(hour=8, minute=0).astimezone(ZoneInfo(TIMEZONE))
    assert f'<td class="time">{begins:%H:%M}</td>' in row


def acknowledgement(*parts):
    decision = {"url": "decision", "valueCode": "acknowledged"}
    return [{"url": "https://example.org/x/flag-decision", "extension": [decision, *parts]}]


def test_the_banner_shows_active_flags_and_who_acknowledged_them(own_ehr):
    backend = own_ehr.backend()
    stored = backend.post("Flag", flag()).json()
    backend.post("Flag", flag(status="inactive"))
    backend.post("Flag", flag("li-wei"))
    shown = page(own_ehr, "/patients/marit-solheim/flags.json").json()["flags"]
    assert [(each["text"], each["acknowledged"]) for each in shown] == [
        ("Possible atrial fibrillation", None)
    ]
    by = {"url": "by", "valueReference": {"reference": "Practitioner/ingrid-lind"}}
    at = {"url": "at", "valueDateTime": "2026-01-02T04:00:00Z"}
    note = {"url": "note", "valueString": "Seen, call patient"}
    backend.put(stored | {"extension": acknowledgement(by, at, note)}, If_Match='W/"1"')
    seen = page(own_ehr, "/patients/marit-solheim/flags.json").json()["flags"][0]["acknowledged"]
    assert seen == {
        "by": "Dr Ingrid Lind",
        "at": "2026-01-02T04:00:00Z",
        "note": "Seen, call patient",
    }


def test_the_worklist_counts_active_flags_and_open_ones(own_ehr):
    backend = own_ehr.backend()
    stored = backend.post("Flag", flag()).json()
    counts = page(own_ehr, "/flags.json").json()
    assert counts["marit-solheim"] == {"active": 1, "open": 1}
    assert counts["li-wei"] == {"active": 0, "open": 0}
    backend.put(stored | {"extension": acknowledgement()}, If_Match='W/"1"')
    assert page(own_ehr, "/flags.json").json()["marit-solheim"] == {"active": 1, "open": 0}
