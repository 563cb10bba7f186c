import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest
from werkzeug.serving import make_server

from clinical.findings import Decision
from safeguards.assertions import Signer
from safeguards.egress import Egress
from tests.support.backend import NEW_YEAR, asking, measured
from wearable_agg.client.api_client import ApiClient
from wearable_agg.client.errors import BackendDown, NotAllowed, NotFound
from wearable_agg.measurements.batch import batch_of
from wearable_agg.measurements.types import TYPES
from wearable_agg.measurements.upsert import write_batch
from wearable_agg.store.database import writing

READER = asking("chart.read")


@pytest.fixture
def client(world):
    server = make_server("127.0.0.1", 0, world.api(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield ApiClient(url, Signer.open(world.settings.keys), Egress([url]))
    server.shutdown()
    thread.join()


def test_days_come_as_typed_values(world, client, linked):
    with writing(world.engine) as connection:
        batch = batch_of([measured(n) for n in range(0, 60, 10)], TYPES)
        write_batch(connection, "sandbox", 1, batch)
    answer = client.days(READER, date(2026, 1, 1), date(2026, 1, 3))
    assert answer.timezone == "Europe/Oslo"
    assert (answer.days[0].date, answer.days[0].heart_rate.n) == (date(2026, 1, 1), 6)
    assert answer.days[1].heart_rate is None
    [bucket] = client.heart_rate(READER, NEW_YEAR, NEW_YEAR + timedelta(days=10)).buckets
    assert (bucket.n, bucket.mean) == (6, 60.0)


def test_links_findings_and_rhythm_of_a_patient(client, linked):
    assert client.patient(READER).linked[0].name == "Band"
    assert client.findings(READER) == ()
    assert client.strip(READER, "none") is None
    assert client.rhythm(READER, NEW_YEAR, NEW_YEAR + timedelta(days=1)).episodes == ()


def test_acts_answer_typed_values(client):
    carer = asking("people.invite", "ecg.write")
    invited = client.invite(carer, date(1958, 3, 14))
    assert "/link/" in invited.url
    assert (len(invited.code), invited.qr[:4]) == (6, "<svg")
    assert client.ecg_token(carer).expires_at.tzinfo is not None


def test_what_the_asker_may_not_do_is_not_allowed(client):
    with pytest.raises(NotAllowed):
        client.invite(READER)
    with pytest.raises(NotAllowed):
        client.patient(replace(READER, tenant="other"))


def test_work_items_and_withdrawal_are_typed(client, linked):
    assert client.work_items(READER) == ()
    left = client.withdraw(asking("consent.revoke"), ["sleep"]).topics
    assert "heart_rate" in left
    assert "sleep" not in left
    assert client.withdraw(asking("consent.revoke")).topics == ()


def test_a_finding_of_nobody_is_not_found(client):
    with pytest.raises(NotFound):
        client.decide(asking("finding.act"), "none", Decision.ACKNOWLEDGED, 1, "", "request-0001")


def test_a_backend_that_does_not_answer_is_down(world):
    nobody = "http://127.0.0.1:9"
    with pytest.raises(BackendDown):
        ApiClient(nobody, Signer.open(world.settings.keys), Egress([nobody])).patient(READER)
