"""Annotated ECG streamed through the gateway: what reaches the chart."""

import time

import pytest

from app.demo.processes import wait_until

pytestmark = [pytest.mark.external, pytest.mark.timeout(240)]

PATIENT = "amara-okafor"
QUIET_SECONDS = 6


def settled(stack) -> None:
    """Wait until every frame has been through the engine and nothing is left to send."""
    time.sleep(QUIET_SECONDS)


def test_record_with_atrial_fibrillation_leaves_one_flag(stack, records):
    replay = stack.replay(records / "mitdb" / "202", PATIENT)
    assert replay.returncode == 0, replay.stderr
    assert wait_until(lambda: len(stack.flags(PATIENT)) > 0, 60)
    settled(stack)
    [flag] = stack.flags(PATIENT)
    assert flag["status"] == "active"
    assert flag["code"]["coding"][0]["code"] == "164889003"


def test_record_in_sinus_rhythm_leaves_none(stack, records):
    replay = stack.replay(records / "mitdb" / "122", PATIENT)
    assert replay.returncode == 0, replay.stderr
    settled(stack)
    assert stack.flags(PATIENT) == []
