"""Writes: versions, preconditions, conditional create, validation, history, restart."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest
import requests
from ehr_visitor import Clock, Ehr, flag, registered, running_ehr


@pytest.fixture
def backend(ehr):
    return ehr.backend()


def condition_of(resource):
    identifier = resource["identifier"][0]
    return f"identifier={identifier['system']}|{identifier['value']}"


def test_create_answers_with_address_and_version(ehr, backend):
    answer = backend.post("Flag", flag())
    resource = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{ehr.base}/Flag/{resource['id']}/_history/1"
    assert answer.headers["ETag"] == 'W/"1"'
    assert "Last-Modified" in answer.headers
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert backend.get(f"Flag/{resource['id']}").json() == resource


def test_minimal_answers_have_no_body(backend):
    answer = backend.post("Flag", flag(), Prefer="return=minimal")
    assert (answer.status_code, answer.content) == (201, b"")
    assert backend.get(answer.headers["Location"]).status_code == 200


def test_update_needs_the_current_version_when_asked(backend):
    resource = backend.post("Flag", flag()).json()
    resource["status"] = "inactive"
    changed = backend.put(resource, If_Match='W/"1"')
    assert (changed.status_code, changed.headers["ETag"]) == (200, 'W/"2"')
    stale = backend.put(resource, If_Match='W/"1"')
    assert (stale.status_code, stale.json()["issue"][0]["code"]) == (412, "conflict")
    assert backend.put(resource, If_Match="2").status_code == 400
    assert backend.put(resource, If_None_Match="*").status_code == 412


def test_of_eight_updates_of_one_version_one_wins(backend):
    resource = backend.post("Flag", flag()).json()
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: backend.put(resource, If_Match='W/"1"').status_code, range(8))
    assert sorted(answers) == [200] + [412] * 7


def test_update_creates_what_is_not_there(backend):
    resource = flag(id="our-own-id-1")
    assert backend.put(resource).status_code == 201
    assert backend.put(resource).status_code == 200
    assert backend.put(flag(id="never-there"), If_Match='W/"1"').status_code == 412


def test_a_flag_stays_with_its_patient(backend):
    resource = backend.post("Flag", flag("li-wei")).json()
    moved = resource | {"subject": {"reference": "Patient/jonas-berg"}}
    assert backend.put(moved).status_code == 422
    assert backend.get(f"Flag/{resource['id']}").json() == resource


def test_conditional_create_finds_what_is_there(backend):
    resource = flag()
    first = backend.post("Flag", resource, If_None_Exist=condition_of(resource))
    second = backend.post("Flag", resource, If_None_Exist=condition_of(resource))
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()
    assert second.headers["ETag"] == 'W/"1"'


def test_conditional_create_refuses_to_choose(backend):
    resource = flag()
    backend.post("Flag", resource)
    backend.post("Flag", resource)
    answer = backend.post("Flag", resource, If_None_Exist=condition_of(resource))
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (412, "multiple-matches")


@pytest.mark.parametrize("condition", ["", "colour=red", "_count=1"])
def test_a_condition_that_says_nothing_is_refused(backend, condition):
    assert backend.post("Flag", flag(), If_None_Exist=condition).status_code == 400


def test_eight_conditional_creates_at_once_make_one_flag(backend):
    resource = flag()

    def create(_):
        return backend.post("Flag", resource, If_None_Exist=condition_of(resource)).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(create, range(8)))
    assert statuses == [200] * 7 + [201]
    assert backend.get(f"Flag?{condition_of(resource)}").json()["total"] == 1


def without(name):
    return {key: value for key, value in flag().items() if key != name}


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (flag(status="open"), 400),
        (flag(colour="red"), 400),
        (flag(period={"start": "2026-02-30"}), 400),
        (flag(subject={"reference": "Device/x"}), 400),
        (without("code"), 400),
        (without("status"), 400),
        (flag() | {"resourceType": "Patient"}, 400),
        (flag(subject={"reference": "Patient/nobody"}), 422),
        (flag(subject={"display": "somebody"}), 422),
        (flag(author={"reference": "Device/nothing"}), 422),
        (flag(author={"reference": "urn:uuid:6c1e0b33-6ee6-4b19-8f5c-0d7d0d3f6a11"}), 422),
        (flag(author={"reference": "#inner"}), 422),
    ],
)
def test_what_is_not_valid_is_refused_and_not_stored(backend, resource, status):
    answer = backend.post("Flag", resource)
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"
    if "identifier" in resource:
        assert backend.get(f"Flag?{condition_of(resource)}").json()["total"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"a": NaN}', b"\xff"])
def test_what_is_not_a_json_object_is_refused(backend, body):
    headers = {"Content-Type": "application/fhir+json"}
    assert backend.call("POST", "Flag", data=body, headers=headers).status_code == 400


def test_the_body_has_to_be_declared_as_json(backend):
    headers = {"Content-Type": "text/plain"}
    assert backend.call("POST", "Flag", data=b"{}", headers=headers).status_code == 415


def test_the_body_is_about_the_address(backend):
    assert backend.call("PUT", "Flag/a", json=flag(id="b")).status_code == 400
    assert backend.call("PUT", "Flag/a_b", json=flag(id="a_b")).status_code == 400


def test_every_version_is_kept(backend):
    resource = backend.post("Flag", flag()).json()
    address = f"Flag/{resource['id']}"
    backend.put(resource | {"status": "inactive"})
    backend.call("DELETE", address)
    history = backend.get(f"{address}/_history").json()
    assert [entry["request"]["method"] for entry in history["entry"]] == ["DELETE", "PUT", "POST"]
    assert backend.get(f"{address}/_history/1").json() == resource
    assert backend.get(address).status_code == 410
    assert backend.get(f"{address}/_history/9").status_code == 404


def test_control_address_shows_flags_with_all_versions(ehr, backend):
    resource = backend.post("Flag", flag("elena-rossi")).json()
    backend.put(resource | {"status": "inactive"})
    shown = requests.get(f"{ehr.url}/sandbox/flags?patient=elena-rossi", timeout=5).json()["flags"]
    assert [version["status"] for version in shown[-1]["versions"]] == ["active", "inactive"]
    assert shown[-1]["current"]["meta"]["versionId"] == "2"


def test_data_and_tokens_outlive_a_restart(tmp_path):
    with running_ehr(tmp_path) as ehr:
        token, key = ehr.sign_in()["refresh_token"], ehr.http.get(f"{ehr.url}/auth/jwks").json()
        created = ehr.backend().post("Flag", flag()).json()["id"]
    with running_ehr(tmp_path) as again:
        assert again.backend().get(f"Flag/{created}").status_code == 200
        assert "access_token" in again.refresh(token).json()
        assert again.http.get(f"{again.url}/auth/jwks").json() == key
        assert again.backend().get("Patient?_count=0").json()["total"] == 7


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(tmp_path):
    """Starts the real process on a port of its own, each time with the same data."""
    clients = tmp_path / "clients.json"
    clients.write_text(json.dumps([asdict(client) for client in registered().values()]))
    started = []

    def start() -> tuple[subprocess.Popen, Ehr]:
        listen = f"127.0.0.1:{free_port()}"
        url, data = f"http://{listen}", tmp_path / "data"
        command = [sys.executable, "-m", "sandbox.ehr", "--listen", listen, "--url", url]
        command += ["--data", str(data), "--clients", str(clients)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline().startswith("Sandbox EHR")
        return process, Ehr(url, Clock(), data)

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_killed_server_keeps_what_it_answered(start):
    process, ehr = start()
    created = ehr.backend().post("Flag", flag()).json()["id"]
    process.kill()
    process.wait()
    _, again = start()
    assert again.backend().get(f"Flag/{created}").status_code == 200


def test_sigterm_ends_it_cleanly(start):
    process, _ = start()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 0
