"""What each kind of answer of an EHR means: the outcome table."""

import json
from datetime import UTC, datetime

import pytest

from smart.chart_answers import Expected, created, transacted, updated
from smart.chart_reply import Answer, retry_after
from wearable_agg.delivery.chart import (
    Ambiguous,
    Conflict,
    Created,
    Existed,
    Identifier,
    Mismatched,
    Refused,
    Rejected,
    Several,
    Throttled,
    Updated,
)

BASE = "https://ehr.example/fhir"
OURS = Identifier("https://wristchart.org/fhir/sid/afib-flag", "abc")
EXPECTED = Expected(BASE, "Flag", "marit", OURS)
LOCATION = {"Location": f"{BASE}/Flag/7/_history/1", "ETag": 'W/"1"'}


def flag(**changes):
    return {
        "resourceType": "Flag",
        "id": "7",
        "meta": {"versionId": "1"},
        "identifier": [{"system": OURS.system, "value": OURS.value}],
        "subject": {"reference": "Patient/marit"},
        **changes,
    }


def outcome(severity="error", code="processing"):
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": code, "diagnostics": "Marit Solheim"}],
    }


def answer(status, body=b"", headers=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer.read(status, headers or {}, raw)


OTHER_PATIENT = flag(subject={"reference": "Patient/jonas"})
NOT_OURS = flag(identifier=[{"system": OURS.system, "value": "other"}])
CREATES = [
    ("201 with the resource", 201, flag(), {}, Created),
    ("201 with Location and no body (Oracle)", 201, b"", LOCATION, Created),
    ("201 with Location and a remark", 201, outcome("information"), LOCATION, Created),
    ("201 with another patient's resource", 201, OTHER_PATIENT, {}, Mismatched),
    ("201 with neither body nor Location", 201, b"", {}, Ambiguous),
    ("201 with an error in the body", 201, outcome(), LOCATION, Ambiguous),
    ("201 with a Location elsewhere", 201, b"", {"Location": "https://x/Flag/1"}, Ambiguous),
    ("200 with our resource", 200, flag(), {}, Existed),
    ("200 with another patient's", 200, OTHER_PATIENT, {}, Mismatched),
    ("200 with one that is not ours", 200, NOT_OURS, {}, Mismatched),
    ("200 with another type", 200, {"resourceType": "Basic", "id": "7"}, {}, Ambiguous),
    ("200 with an error in the body", 200, outcome(), {}, Ambiguous),
    ("200 with a fatal error in the body", 200, outcome("fatal"), LOCATION, Ambiguous),
    ("200 with HTML from a proxy", 200, b"<html>Sign in</html>", {}, Ambiguous),
    ("200 with HTML and a Location", 201, b"<html></html>", LOCATION, Ambiguous),
    ("200 with half a body", 200, b'{"resourceType": "Fl', {}, Ambiguous),
    ("200 empty", 200, b"", {}, Ambiguous),
    ("200 empty with a Location", 200, b"", LOCATION, Ambiguous),
    ("202 accepted", 202, b"", LOCATION, Ambiguous),
    ("204", 204, b"", {}, Ambiguous),
    ("302 to a login page", 302, b"", {"Location": "https://login"}, Refused),
    ("400", 400, outcome(), {}, Rejected),
    ("401", 401, b"", {}, Refused),
    ("403", 403, outcome(code="forbidden"), {}, Refused),
    ("404 patient", 404, outcome(code="not-found"), {}, Refused),
    ("405 no create", 405, b"", {}, Refused),
    ("408", 408, b"", {}, Ambiguous),
    ("409", 409, outcome(code="conflict"), {}, Ambiguous),
    ("410 patient", 410, b"", {}, Refused),
    ("412 several match", 412, outcome(), {}, Several),
    ("413 too large", 413, b"", {}, Rejected),
    ("422", 422, outcome(code="structure"), {}, Rejected),
    ("429", 429, b"", {"Retry-After": "7"}, Throttled),
    ("500", 500, outcome(code="exception"), {}, Ambiguous),
    ("501", 501, b"", {}, Refused),
    ("502 HTML", 502, b"<html></html>", {}, Ambiguous),
    ("503", 503, b"", {}, Throttled),
    ("504", 504, b"", {}, Ambiguous),
]


@pytest.mark.threat("T39")
@pytest.mark.parametrize(
    ("status", "body", "headers", "meaning"),
    [row[1:] for row in CREATES],
    ids=[r[0] for r in CREATES],
)
def test_answer_to_a_create(status, body, headers, meaning):
    assert type(created(answer(status, body, headers), EXPECTED)) is meaning


def test_the_place_and_version_of_what_was_created():
    assert created(answer(201, b"", LOCATION), EXPECTED) == Created("Flag/7", "1")
    assert created(answer(201, flag()), EXPECTED) == Created("Flag/7", "1")


@pytest.mark.threat("T39")
@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, flag(), Updated),
        (200, OTHER_PATIENT, Mismatched),
        (200, b"", Ambiguous),
        (409, outcome(code="conflict"), Conflict),
        (412, outcome(code="conflict"), Conflict),
        (428, b"", Conflict),
        (404, b"", Refused),
        (410, b"", Refused),
        (422, outcome(), Rejected),
    ],
)
def test_answer_to_an_update(status, body, meaning):
    assert type(updated(answer(status, body), EXPECTED)) is meaning


@pytest.mark.parametrize("code", ["required", "structure", "business-rule"])
def test_a_500_that_names_a_fault_of_the_resource_is_marked(code):
    assert created(answer(500, outcome(code=code)), EXPECTED).rejected
    assert not created(answer(500, outcome(code="exception")), EXPECTED).rejected


def test_reasons_never_repeat_what_the_ehr_says_of_a_patient():
    assert "Marit" not in created(answer(422, outcome()), EXPECTED).reason


def entry(status, resource=None):
    location = {"location": f"{BASE}/Flag/7/_history/1"} if status[:2] == "20" else {}
    return {
        "response": {"status": status, **location},
        **({"resource": resource} if resource else {}),
    }


def bundle(*entries):
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": list(entries)}


@pytest.mark.threat("T39")
@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, bundle(entry("201 Created"), entry("200 OK")), Created),
        (200, bundle(entry("200 OK", flag()), entry("201")), Existed),
        (200, bundle(entry("200 OK", OTHER_PATIENT), entry("201")), Mismatched),
        (200, bundle(entry("200 OK"), entry("201")), Ambiguous),
        (200, bundle(entry("201 Created"), entry("422")), Ambiguous),
        (200, bundle(entry("201 Created")), Ambiguous),
        (200, bundle({}, {}), Ambiguous),
        (200, flag(), Ambiguous),
        (201, flag(), Ambiguous),
        (200, outcome(), Ambiguous),
        (200, b"<html></html>", Ambiguous),
        (412, outcome(), Several),
        (400, outcome(), Rejected),
        (500, b"", Ambiguous),
    ],
)
def test_answer_to_a_transaction_of_two(status, body, meaning):
    assert type(transacted(answer(status, body), 2, EXPECTED)) is meaning


def test_a_stale_update_within_a_transaction_is_a_conflict():
    assert type(transacted(answer(412, outcome()), 2, EXPECTED, reading=updated)) is Conflict


@pytest.mark.threat("T40")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 01 Mar 2026 00:01:00 GMT"}, 60),
        ({"retry-after": "Sat, 28 Feb 2026 00:00:00 GMT"}, 0),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({}, None),
    ],
)
def test_how_long_an_ehr_asks_us_to_wait(headers, seconds):
    assert retry_after(headers, datetime(2026, 3, 1, tzinfo=UTC)) == seconds
