"""The API's document says what the API does."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource

from tests.support.backend import bearer
from wearable_agg.api.openapi import document
from wearable_agg.api.operations import ROUTES
from wearable_agg.api.routes import BY_ASSERTION
from wearable_agg.people.work_items import SHARED_ACCOUNT, items_of, open_item
from wearable_agg.store.database import writing

COMMITTED = Path("docs/openapi.json")
BASE = "/api/v1"
ASKED = [route for route in ROUTES if route.credential == BY_ASSERTION]
WINDOWS = {
    "days": "?from=2026-01-01&to=2026-01-08",
    "heartRate": "?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
    "measurements": "?type=workout&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
    "rhythm": "?from=2026-01-01T00:00:00Z&to=2027-01-02T00:00:00Z",
}
BODIES = {
    "decide": {"decision": "acknowledged", "version": 1, "note": "seen"},
    "invite": {"birth_date": "1958-03-14"},
    "withdrawConsent": {"topics": ["sleep"]},
}


@pytest.fixture(scope="module")
def described():
    return document()


def schema_errors(described, answer, operation):
    """What the document says is wrong about an answer."""
    content = operation["responses"][str(answer.status_code)]["content"][answer.mimetype]
    registry = Registry().with_resource("", Resource.opaque(described))
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **json.loads(json.dumps(content["schema"])),
        "components": described["components"],
    }
    return list(Draft202012Validator(schema, registry=registry).iter_errors(answer.get_json()))


def test_the_document_is_valid_openapi(described):
    validate(described)
    assert described["openapi"] == "3.1.0"


def test_the_committed_copy_is_current(described):
    again = "python -m wearable_agg.api.openapi docs/openapi.json"
    assert json.loads(COMMITTED.read_text("utf-8")) == described, again


def test_every_route_is_in_the_document(world, described):
    rules = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in world.api().url_map.iter_rules()
        if rule.rule.startswith(BASE)
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    paths = {(path, method) for path, known in described["paths"].items() for method in known}
    assert rules == paths


@pytest.mark.parametrize("route", ASKED, ids=lambda route: route.name)
def test_real_answers_are_as_described(world, linked, post, finding, described, route):
    with writing(world.engine) as connection:
        open_item(connection, "sandbox", 1, SHARED_ACCOUNT, "band")
        [item] = items_of(connection, 1)
    path = route.path.format(finding_id=finding, item_id=item.id, number=1)
    path += WINDOWS.get(route.name, "")
    if route.method == "GET":
        answer = world.api().test_client().get(BASE + path, headers=bearer(world, route.scope))
    else:
        answer = post(path, route.scope, json=BODIES.get(route.name), base=BASE)
    operation = described["paths"][BASE + route.path][route.method.lower()]
    assert answer.status_code == route.status
    assert schema_errors(described, answer, operation) == []


@pytest.mark.parametrize("route", ASKED, ids=lambda route: route.name)
def test_a_refusal_is_a_problem_of_a_described_type(world, described, route):
    path = BASE + route.path.replace("{", "").replace("}", "")
    client = world.api().test_client()
    operation = described["paths"][BASE + route.path][route.method.lower()]
    for headers, status in (({}, 401), (bearer(world, "none"), 403)):
        answer = client.open(path, method=route.method, headers=headers)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert schema_errors(described, answer, operation) == []


@pytest.mark.parametrize("route", ASKED, ids=lambda route: route.name)
def test_a_route_serves_its_own_scope_and_no_other(world, route):
    client = world.api().test_client()
    path = BASE + route.path.replace("{", "").replace("}", "")
    others = {one.scope for one in ASKED} - {route.scope}
    refused = client.open(path, method=route.method, headers=bearer(world, *others))
    assert refused.get_json()["type"] == "urn:wristchart:problem:not-allowed"
    assert client.open(
        path, method=route.method, headers=bearer(world, route.scope)
    ).status_code in (
        200,
        400,  # its query or its key is missing
        404,
    )


def test_an_unknown_address_and_a_wrong_method_are_problems(world):
    client = world.api().test_client()
    unknown, wrong = client.get("/api/v1/nothing"), client.post("/api/v1/patient")
    assert unknown.get_json()["type"] == "urn:wristchart:problem:not-found"
    assert wrong.get_json()["type"] == "urn:wristchart:problem:http-405"
    assert "GET" in wrong.headers["Allow"]


def test_document_and_page_are_served_and_need_nothing_from_elsewhere(world, described):
    client = world.api().test_client()
    assert client.get("/api/v1/openapi.json").get_json() == described
    page = client.get("/api/v1/docs")
    text = page.get_data(as_text=True)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script" not in text
    assert "http://" not in text
    for path in described["paths"]:
        assert path in text
    assert "urn:wristchart:problem:stale" in text
