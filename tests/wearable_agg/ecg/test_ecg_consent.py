"""No ECG of a patient who does not share it is taken in."""

import time

import pytest
from sqlalchemy.exc import OperationalError

from tests.support.backend import ISSUER, asking, open_world
from wearable_agg.ecg.permission import EcgPermission
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing

pytestmark = pytest.mark.threat("T42")
MARIT = "marit-solheim"


def refusal(patch):
    frame = patch.hear()
    while frame["type"] != "error":
        frame = patch.hear()
    return frame["code"]


def test_without_consent_a_stream_does_not_begin(device, gateway, inbox):
    gateway.shared.withheld.add(MARIT)
    with device() as patch:
        patch.send(patch.hello)
        assert refusal(patch) == "forbidden"
    assert inbox() == []


def test_a_stream_ends_within_a_second_of_consent(device, gateway, origin):
    with device() as patch:
        patch.greet()
        patch.slices(0, 9, origin)
        patch.acknowledged(9)
        gateway.shared.withheld.add(MARIT)
        began = time.monotonic()
        assert refusal(patch) == "forbidden"
        assert time.monotonic() - began < 1


def test_where_consent_cannot_be_read_nobody_streams(device, gateway, monkeypatch):
    def unreadable(_askers):
        raise OperationalError("SELECT", {}, Exception("locked"))

    monkeypatch.setattr(gateway.shared, "refused", unreadable)
    with device() as patch:
        patch.send(patch.hello)
        assert refusal(patch) == "forbidden"


def test_only_who_shares_ecg_may_stream(tmp_path):
    world = open_world(tmp_path)
    asker, stranger = asking("ecg.write"), asking("ecg.write", patient="li-wei")
    permission = EcgPermission(world.engine)
    with writing(world.engine) as connection:
        person = person_for(connection, "sandbox", ISSUER, MARIT, True, "Europe/Oslo")
        consents.record(connection, "sandbox", person, ["rhythm"], "I agree")
    assert permission.refused([asker, stranger]) == {stranger}
    with writing(world.engine) as connection:
        consents.revoke(connection, person, ["rhythm"])
    assert permission.refused([asker]) == {asker}
    world.engine.dispose()
