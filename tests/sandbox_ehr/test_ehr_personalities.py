"""What the demo EHR can be told to be like, and the faults of its writes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import requests
from ehr_visitor import Clock, Ehr, LateBound, flag, registered, served

from sandbox.ehr.app import Hospitals
from sandbox.ehr.personality import PERSONALITIES
from sandbox.ehr.settings import Settings

CREATABLE = [name for name, like in PERSONALITIES.items() if like.writes("Flag")]


@contextmanager
def hospitals(folder):
    late = LateBound()
    with served(late) as url:
        late.application = Hospitals(Settings(url, folder, registered()))
        yield url, folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with hospitals(tmp_path_factory.mktemp("ehr")) as running:
        yield running


@pytest.fixture
def like(site):
    url, folder = site
    return lambda name: Ehr(f"{url}/as/{name}", Clock(), folder).backend()


@pytest.fixture
def faulty(like):
    fhir = like("atomic")

    def switch(**wanted):
        answer = requests.post(f"{fhir.ehr.url}/sandbox/faults", json=wanted, timeout=5)
        assert answer.status_code == 200, answer.text
        return fhir

    yield switch
    switch(rates={}, retry_seconds=1)


def condition_of(resource):
    identifier = resource["identifier"][0]
    return f"identifier={identifier['system']}|{identifier['value']}"


def race(fhir, resource):
    """Create one thing eight times at once; return how many came of it."""
    condition = condition_of(resource)
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(
            lambda _: fhir.post(resource["resourceType"], resource, If_None_Exist=condition),
            range(8),
        )
        return len({answer.json()["id"] for answer in made})


def found(fhir, resource):
    return fhir.ids(f"{resource['resourceType']}?{condition_of(resource)}")


def bundle(resource):
    request = {"method": "POST", "url": "Flag", "ifNoneExist": condition_of(resource)}
    entry = {"fullUrl": "urn:uuid:1", "resource": resource, "request": request}
    return {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}


def observation(**changes):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "ECG"},
        "subject": {"reference": "Patient/marit-solheim"},
        "identifier": [{"system": "https://example.org/o", "value": "1"}],
        **changes,
    }


@pytest.mark.parametrize(
    ("name", "winners"),
    [
        ("atomic", {1}),
        ("racy", set(range(2, 9))),  # eight, unless this machine is too busy to be fast
        ("header-ignored", {8}),
        ("put-create", {8}),
    ],
)
def test_how_many_of_eight_conditional_creates_win(like, name, winners):
    fhir, resource = like(name), flag()
    won = race(fhir, resource)
    assert won in winners
    assert len(found(fhir, resource)) == won


def test_a_racy_ehr_still_sees_what_was_there_before(like):
    fhir, resource = like("racy"), flag()
    first = fhir.post("Flag", resource)
    again = fhir.post("Flag", resource, If_None_Exist=condition_of(resource))
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])


def test_racy_transactions_let_several_through_as_well(like):
    fhir, resource = like("racy"), flag()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fhir.post("", bundle(resource)), range(8)))
    assert len(found(fhir, resource)) > 1


@pytest.mark.parametrize("name", ["header-ignored", "put-create", "no-identifier"])
def test_some_take_no_transactions(like, name):
    answer = like(name).post("", bundle(flag()))
    assert answer.json()["issue"][0]["code"] == "not-supported"


@pytest.mark.parametrize("name", sorted(PERSONALITIES))
def test_ids_of_the_apps_choice(like, name):
    fhir, resource = like(name), observation(id="chosen-by-app")
    statuses = [fhir.put(resource, If_None_Match="*").status_code for _ in range(2)]
    assert statuses == ([201, 412] if PERSONALITIES[name].puts_create else [405, 405])


def test_an_ehr_that_keeps_no_identifier_answers_in_its_own_way(like):
    fhir = like("no-identifier")
    made = fhir.post("Observation", observation())
    assert made.status_code == 201
    assert "identifier" not in made.json()
    assert found(fhir, observation()) == []
    held = made.json()
    assert fhir.put(held, If_Match='W/"1"').status_code == 200
    assert fhir.put(held, If_Match='W/"1"').status_code == 409
    incomplete = observation()
    del incomplete["code"]
    refused = fhir.post("Observation", incomplete)
    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (500, "required")
    assert fhir.post("Flag", flag()).status_code == 400
    assert fhir.get("Flag?patient=marit-solheim").status_code == 400


def test_flags_that_can_be_read_only(like):
    fhir = like("read-only-flag")
    assert fhir.post("Flag", flag()).status_code == 405
    assert fhir.get("Flag?patient=marit-solheim").status_code == 200
    assert fhir.post("Observation", observation()).status_code == 201


@pytest.mark.parametrize("name", sorted(PERSONALITIES))
def test_the_capability_statement_says_what_it_is_like(like, name):
    said = like(name).get("metadata").json()["rest"][0]
    kinds = {each["type"]: each for each in said["resource"]}
    codes = {each["code"] for each in kinds.get("Flag", {}).get("interaction", [])}
    assert ("create" in codes) == PERSONALITIES[name].writes("Flag")
    assert kinds["Observation"]["updateCreate"] == PERSONALITIES[name].puts_create
    assert bool(said["interaction"]) == PERSONALITIES[name].transactions


def test_each_kind_has_charts_of_its_own(like):
    resource = flag()
    like("racy").post("Flag", resource)
    assert found(like("atomic"), resource) == []


def test_a_slow_commit_comes_after_the_client_has_gone(faulty):
    fhir, resource = faulty(slow_commits=1, slow_seconds=0.4), flag()
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{fhir.ehr.base}/Flag",
            json=resource,
            headers={"Authorization": f"Bearer {fhir.token}"},
            timeout=0.1,
        )
    assert found(fhir, resource) == []
    fhir.post("Observation", observation(identifier=[]))  # a later write overtakes it
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: _until(lambda: len(found(fhir, resource)) == 1)).result(5)


def _until(condition):
    end = datetime.now(UTC).timestamp() + 3
    while not condition() and datetime.now(UTC).timestamp() < end:
        pass
    return condition()


@pytest.mark.parametrize("fault", ["errors_in_200", "html_in_200"])
def test_a_200_that_is_none(faulty, fault):
    fhir, resource = faulty(**{fault: 1}), flag()
    answer = fhir.post("Flag", resource)
    assert answer.status_code == 200
    assert ("<html>" in answer.text) == (fault == "html_in_200")
    assert found(fhir, resource) == []


@pytest.mark.parametrize("form", ["seconds", "date", "milliseconds"])
def test_a_throttled_client_is_told_how_long_to_wait(faulty, form):
    fhir = faulty(throttles=1, retry_after=form, retry_seconds=7)
    answer = fhir.post("Flag", flag())
    said = answer.headers
    assert answer.status_code == 429
    if form == "seconds":
        assert said["Retry-After"] == "7"
    elif form == "milliseconds":
        assert said["x-ms-retry-after-ms"] == "7000"
    else:
        until = parsedate_to_datetime(said["Retry-After"]) - datetime.now(UTC)
        assert 4 < until.total_seconds() <= 7


def test_a_token_expires_in_the_middle(faulty):
    fhir = faulty(expire_tokens=1)
    assert [fhir.post("Flag", flag()).status_code for _ in range(2)] == [401, 401]
    fresh = fhir.ehr.backend()
    assert fresh.post("Flag", flag()).status_code == 201


def test_a_lost_reply_and_a_failure(faulty):
    fhir, lost, failed = faulty(lose_replies=1), flag(), flag()
    assert fhir.post("Flag", lost).status_code == 504
    faulty(failures=1)
    assert fhir.post("Flag", failed).status_code == 500
    assert (len(found(fhir, lost)), len(found(fhir, failed))) == (1, 0)


def test_faults_by_chance_strike_as_often_as_asked(faulty):
    fhir = faulty(rates={"failures": 0.5}, seed=7)
    answers = [fhir.post("Flag", flag()).status_code for _ in range(30)]
    assert 5 < answers.count(500) < 25


@pytest.mark.parametrize(
    "wanted", [{"retry_after": "soon"}, {"rates": {"fire": 1}}, {"throttles": "many"}]
)
def test_faults_that_do_not_exist_are_refused(site, wanted):
    answer = requests.post(f"{site[0]}/sandbox/faults", json=wanted, timeout=5)
    assert answer.status_code == 400
