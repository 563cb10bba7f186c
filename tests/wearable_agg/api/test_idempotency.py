"""A POST is done once for its key."""

import threading

import pytest

from tests.support.backend import bearer
from wearable_agg.api import caring

INVITE = "/api/v1/patient/invitations"
BORN = {"birth_date": "1958-03-14"}


@pytest.fixture
def invite(world):
    api = world.api()

    def invite(key="request-0001", json=BORN, patient="marit-solheim"):
        headers = bearer(world, "people.invite", patient=patient)
        if key:
            headers["Idempotency-Key"] = key
        return api.test_client().post(INVITE, headers=headers, json=json)

    return invite


def made(world):
    return world.rows("SELECT count(*) FROM invitations")[0][0]


def test_the_same_request_again_gets_the_same_answer_and_does_nothing(world, invite):
    first, again = invite(), invite()
    assert first.status_code == again.status_code == 201
    assert first.get_json() == again.get_json()
    assert made(world) == 1


def test_the_answer_is_kept_sealed_and_outlives_the_process(world, invite):
    url = invite().get_json()["url"]
    [(answer,)] = world.rows("SELECT answer FROM answered_requests")
    assert url.encode() not in answer
    headers = {"Idempotency-Key": "request-0001", **bearer(world, "people.invite")}
    after = world.api().test_client().post(INVITE, headers=headers, json=BORN)
    assert after.get_json()["url"] == url


def test_a_key_with_another_body_is_refused(world, invite):
    invite()
    other = invite(json={"birth_date": "1958-03-15"})
    assert (other.status_code, other.get_json()["type"]) == (
        422,
        "urn:wristchart:problem:key-reused",
    )
    assert made(world) == 1


def test_without_a_key_nothing_is_done(world, invite):
    assert invite(key="").status_code == 400
    assert made(world) == 0


def test_a_key_counts_for_one_patient(world, invite):
    assert invite().get_json() != invite(patient="jonas-berg").get_json()
    assert made(world) == 2


def test_a_request_that_was_refused_may_be_mended_under_its_key(world, invite):
    assert invite(json={}).status_code == 400
    assert invite().status_code == 201


def test_while_it_is_under_way_the_same_request_waits(world, invite, monkeypatch):
    began, go_on = threading.Event(), threading.Event()
    real = caring.qr

    def slow(url):
        began.set()
        assert go_on.wait(10)
        return real(url)

    # the write lock is held by the act: the second request must not wait for it for ever
    monkeypatch.setattr(caring, "qr", slow)
    answers = []
    first = threading.Thread(target=lambda: answers.append(invite()))
    first.start()
    assert began.wait(10)
    second = threading.Thread(target=lambda: answers.append(invite()))
    second.start()
    go_on.set()
    first.join()
    second.join()
    assert sorted(answer.status_code for answer in answers) in ([201, 201], [201, 409])
    assert made(world) == 1


def test_a_claim_in_flight_is_a_conflict_until_its_lease_is_over(world, invite):
    invite()
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE answered_requests SET status = NULL, answer = NULL")
    waiting = invite()
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (409, "1")
    assert waiting.get_json()["type"] == "urn:wristchart:problem:in-flight"
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE answered_requests SET claimed_at = claimed_at - 31000000"
        )
    assert invite().status_code == 201
