"""Transactions are all or nothing; batches are one by one."""

from __future__ import annotations

import pytest
from ehr_visitor import flag

FLAG_URN = "urn:uuid:6c1e0b33-6ee6-4b19-8f5c-0d7d0d3f6a11"
DEVICE_URN = "urn:uuid:a3f0a1de-32f0-4d5e-9f0a-0c4b70a4d9aa"


@pytest.fixture
def backend(ehr):
    return ehr.backend()


def bundle(*entries, kind="transaction"):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method, url, resource=None, full_url=None, **request):
    found = {"request": {"method": method, "url": url} | request}
    found |= {"resource": resource} if resource else {}
    return found | ({"fullUrl": full_url} if full_url else {})


def provenance(target):
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": "2026-01-02T03:04:05Z",
        "agent": [{"who": {"reference": "Practitioner/ingrid-lind"}}],
    }


def flag_count(backend, resource):
    identifier = resource["identifier"][0]
    found = backend.get(f"Flag?identifier={identifier['system']}|{identifier['value']}")
    return found.json()["total"]


def test_references_between_entries_are_resolved(backend):
    device = {"resourceType": "Device", "deviceName": [{"name": "W", "type": "other"}]}
    answer = backend.post(
        "",
        bundle(
            entry("POST", "Provenance", provenance(FLAG_URN)),
            entry("POST", "Flag", flag(author={"reference": DEVICE_URN}), FLAG_URN),
            entry("POST", "Device", device, DEVICE_URN),
        ),
    ).json()
    written = [found["resource"] for found in answer["entry"]]
    assert [found["response"]["status"][:3] for found in answer["entry"]] == ["201"] * 3
    assert [found["resourceType"] for found in written] == ["Provenance", "Flag", "Device"]
    assert written[0]["target"][0]["reference"] == f"Flag/{written[1]['id']}"
    assert written[1]["author"]["reference"] == f"Device/{written[2]['id']}"
    assert written[0]["id"] in backend.ids(f"Provenance?target=Flag/{written[1]['id']}")


@pytest.mark.parametrize(
    ("second", "status"),
    [
        (entry("POST", "Flag", flag("nobody")), 422),
        (entry("POST", "Flag", flag(status="open")), 400),
        (entry("POST", "Condition", {"resourceType": "Condition"}), 400),
        (entry("PUT", "Flag/new", flag(id="new"), ifMatch='W/"3"'), 412),
        (entry("GET", "Flag/not-there"), 404),
        (entry("GET", "Condition"), 403),
        (entry("PATCH", "Flag/x"), 405),
        (entry("POST", "Pharmacy", {"resourceType": "Pharmacy"}), 404),
        ({"resource": flag()}, 400),
    ],
)
def test_one_bad_entry_undoes_the_transaction(backend, second, status):
    good = flag()
    answer = backend.post("", bundle(entry("POST", "Flag", good), second))
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert flag_count(backend, good) == 0


def test_a_batch_does_what_it_can(backend):
    good, bad = flag(), flag("nobody")
    entries = [entry("POST", "Flag", bad), entry("POST", "Flag", good), entry("GET", "Flag/nope")]
    answer = backend.post("", bundle(*entries, kind="batch")).json()
    statuses = [found["response"]["status"][:3] for found in answer["entry"]]
    assert statuses == ["422", "201", "404"]
    assert flag_count(backend, good) == 1
    assert flag_count(backend, bad) == 0


def test_if_none_exist_in_a_transaction_points_to_what_is_there(backend):
    resource = flag()
    identifier = resource["identifier"][0]
    condition = f"identifier={identifier['system']}|{identifier['value']}"

    def send():
        return backend.post(
            "",
            bundle(
                entry("POST", "Flag", resource, FLAG_URN, ifNoneExist=condition),
                entry("POST", "Provenance", provenance(FLAG_URN)),
            ),
        ).json()["entry"]

    first, second = send(), send()
    assert [found["response"]["status"][:3] for found in second] == ["200", "201"]
    assert second[0]["resource"] == first[0]["resource"]
    assert second[1]["resource"]["target"] == first[1]["resource"]["target"]


def test_if_match_in_a_transaction(backend):
    stored = backend.post("Flag", flag()).json()
    change = stored | {"status": "inactive"}
    address = f"Flag/{stored['id']}"
    good = backend.post("", bundle(entry("PUT", address, change, ifMatch='W/"1"')))
    assert good.json()["entry"][0]["response"]["etag"] == 'W/"2"'
    assert (
        backend.post("", bundle(entry("PUT", address, change, ifMatch='W/"1"'))).status_code == 412
    )


def test_reads_see_what_the_transaction_wrote(backend):
    entries = [entry("GET", "Flag/in-bundle"), entry("PUT", "Flag/in-bundle", flag(id="in-bundle"))]
    answer = backend.post("", bundle(*entries)).json()["entry"]
    assert answer[0]["resource"]["id"] == "in-bundle"


def test_writing_one_resource_twice_is_refused(backend):
    twice = [entry("PUT", "Flag/twice", flag(id="twice"))] * 2
    assert backend.post("", bundle(*twice)).status_code == 400


def test_scopes_hold_inside_bundles(ehr):
    reader = ehr.backend("reader")
    assert reader.post("", bundle(entry("POST", "Flag", flag()))).status_code == 403


@pytest.mark.parametrize("body", [{"resourceType": "Flag"}, bundle(kind="collection")])
def test_only_batches_and_transactions_are_taken(backend, body):
    assert backend.post("", body).status_code == 400
