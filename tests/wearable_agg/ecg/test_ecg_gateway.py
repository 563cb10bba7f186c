"""The gateway over a real WebSocket: nothing acknowledged is lost, nothing is kept twice."""

import json
import urllib.request

import pytest
from sqlalchemy import event, select, text

from wearable_agg.ecg.tables import frames, sessions


def in_order(last):
    return [(number, 0, number) for number in range(last + 1)]


def test_what_is_acknowledged_is_in_the_inbox(device, inbox, origin):
    with device() as patch:
        assert patch.greet()["next"] == 0
        patch.slices(0, 99, origin)
        patch.acknowledged(99)
    assert inbox() == in_order(99)


def test_device_that_comes_back_goes_on_where_the_gateway_stands(device, inbox, origin):
    with device() as patch:
        patch.greet()
        patch.slices(0, 9, origin)
        patch.acknowledged(9)
        patch.drop()
    with device() as patch:
        assert patch.greet()["next"] == 10
        patch.slices(10, 19, origin)
        patch.acknowledged(19)
    assert inbox() == in_order(19)


def test_slices_sent_again_are_kept_once(device, inbox, origin):
    with device() as patch:
        patch.greet()
        patch.slices(0, 9, origin)
        patch.slices(4, 12, origin)
        patch.acknowledged(12)
    assert inbox() == in_order(12)


def test_missing_slice_is_asked_for_once_and_order_is_kept(device, inbox, origin):
    with device() as patch:
        patch.greet()
        patch.slices(2, 5, origin)
        error = patch.hear()
        assert (error["code"], error["fatal"], error["expected"]) == ("out_of_sequence", False, 0)
        patch.slices(0, 5, origin)
        patch.acknowledged(5)
    assert inbox() == in_order(5)


def test_leads_of_a_slice_are_acknowledged_together(device, inbox, origin):
    with device(leads=["I", "II"]) as patch:
        patch.greet()
        patch.slices(0, 0, origin, lead=0)
        patch.slices(0, 0, origin, lead=1)
        patch.slices(1, 1, origin, lead=0)
        patch.acknowledged(0)
    with device(leads=["I", "II"]) as patch:
        assert patch.greet()["next"] == 1
        patch.slices(1, 1, origin, lead=0)
        patch.slices(1, 1, origin, lead=1)
        patch.acknowledged(1)
    assert inbox() == [(0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 1)]


def test_gap_is_kept_with_the_slice_after_it(device, gateway, origin):
    with device() as patch:
        patch.greet()
        patch.slices(0, 1, origin)
        patch.send({"type": "gap", "sequence": 2, "reason": "lead_off"})
        patch.slices(2, 3, origin)
        patch.acknowledged(3)
    with gateway.inbox.connect() as connection:
        marks = connection.execute(select(frames.c.gap_before).order_by(frames.c.id)).scalars()
        assert list(marks) == [False, False, True, False]


def test_newer_connection_takes_the_session_over(device, inbox, origin):
    with device() as first, device() as second:
        first.greet()
        first.slices(0, 4, origin)
        assert second.greet()["next"] == 5
        while (frame := first.hear())["type"] == "ack":
            pass
        assert (frame["code"], frame["fatal"]) == ("replaced", True)
        second.slices(5, 9, origin)
        second.acknowledged(9)
    assert inbox() == in_order(9)


def test_bye_is_answered_when_all_is_on_disk(device, gateway, inbox, origin):
    with device() as patch:
        patch.greet()
        patch.slices(0, 49, origin)
        patch.send({"type": "bye"})
        while patch.hear()["type"] != "bye":
            pass
        assert inbox() == in_order(49)
    with gateway.inbox.connect() as connection:
        assert connection.execute(select(sessions.c.ended_at)).scalar() is not None


def test_gateway_that_is_stopped_and_started_knows_where_it_was(device, gateway, inbox, origin):
    with device() as patch:
        patch.greet()
        patch.slices(0, 29, origin)
        patch.acknowledged(29)
    gateway.stop()
    gateway.start()
    with device() as patch:
        assert patch.greet()["next"] == 30
    assert inbox() == in_order(29)


def refusal(patch):
    patch.send(patch.hello)
    frame = patch.hear()
    assert frame["fatal"] is True
    return frame["code"]


def test_forged_token_is_refused(device):
    with device(token="eyJhbGciOiJub25lIn0.e30.") as patch:
        assert refusal(patch) == "not_authentic"


def test_token_without_the_scope_is_refused(device, gateway):
    with device(token=gateway.token(scope="chart.read")) as patch:
        assert refusal(patch) == "forbidden"


def test_another_patients_session_is_refused_and_goes_on(device, gateway, origin):
    with device() as patch, device(token=gateway.token("jonas-berg")) as thief:
        patch.greet()
        assert refusal(thief) == "session_taken"
        patch.slices(0, 0, origin)
        patch.acknowledged(0)


@pytest.mark.parametrize(
    "changes",
    [{"gain": 5.0}, {"device": {"vendor": "Test", "model": "Patch", "serial": "T2"}}],
)
def test_device_that_describes_itself_otherwise_is_refused(device, changes):
    with device() as patch:
        patch.greet()
    with device(**changes) as patch:
        assert refusal(patch) == "session_changed"


def test_device_whose_clock_was_set_is_refused(device):
    with device() as patch:
        patch.greet()
    with device(device_time=1_500_000_000_000_000) as patch:
        assert refusal(patch) == "clock_reset"


def test_samples_before_hello_are_refused(device, origin):
    with device() as patch:
        patch.slices(0, 0, origin)
        assert patch.hear()["code"] == "hello_expected"


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x01" * 40, "{", "[]", '{"type":"unheard of"}', '{"type":"gap"}']
)
def test_malformed_frame_ends_the_connection_only(device, gateway, data):
    with device() as patch:
        patch.greet()
        patch.raw(data)
        assert patch.hear()["code"] == "malformed"
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.port}/healthz") as answer:
        assert json.load(answer) == {"status": "ok"}


@pytest.mark.threat("T45")
def test_disk_that_refuses_loses_nothing_that_was_acknowledged(device, gateway, inbox, origin):
    with gateway.inbox.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON frames WHEN NEW.sequence = 5 "
                "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        )
    with device() as patch:
        patch.greet()
        patch.slices(0, 4, origin)
        patch.acknowledged(4)
        patch.slices(5, 9, origin)
        assert patch.hear()["code"] == "unavailable"
    with gateway.inbox.begin() as connection:
        connection.execute(text("DROP TRIGGER full"))
    with device() as patch:
        assert patch.greet()["next"] == 5
        patch.slices(5, 9, origin)
        patch.acknowledged(9)
    assert inbox() == in_order(9)


def test_frames_of_all_connections_share_commits(device, gateway, origin):
    commits = []
    event.listen(gateway.inbox, "commit", commits.append)
    with device() as patch:
        patch.greet()
        patch.slices(0, 499, origin)
        patch.acknowledged(499)
    assert len(commits) < 250
