"""Annotated ECG streamed through the gateway: what reaches the chart."""

import time

import pytest

from app.demo.processes import wait_until
from tests.support.stack import Stack

pytestmark = [pytest.mark.external, pytest.mark.timeout(360)]

FIBRILLATING, IN_SINUS_RHYTHM, WITH_A_STRAP = "amara-okafor", "jonas-berg", "marit-solheim"
QUIET_SECONDS = 6
COMPILED_SECONDS = 150
"""Long enough for an engine on a busy machine that has to compile its kernels first."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Every process that brings an ECG into the chart."""
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


def settled(stack) -> None:
    """Wait until every frame has been through the engine and nothing is left to send."""
    time.sleep(QUIET_SECONDS)


def test_record_with_atrial_fibrillation_leaves_one_flag(stack, records):
    replay = stack.replay(records / "mitdb" / "202", FIBRILLATING)
    assert replay.returncode == 0, replay.stderr
    assert wait_until(lambda: len(stack.flags(FIBRILLATING)) > 0, COMPILED_SECONDS)
    settled(stack)
    [flag] = stack.flags(FIBRILLATING)
    assert flag["status"] == "active"
    assert flag["code"]["coding"][0]["code"] == "164889003"


def test_record_in_sinus_rhythm_leaves_none_nor_do_its_beats(stack, records):
    for options in ((), ("--beats",)):
        replay = stack.replay(records / "mitdb" / "122", IN_SINUS_RHYTHM, *options)
        assert replay.returncode == 0, replay.stderr
    settled(stack)
    assert stack.flags(IN_SINUS_RHYTHM) == []


def test_beats_alone_of_atrial_fibrillation_leave_one_flag_that_says_so(stack, records):
    before = len(stack.flags(WITH_A_STRAP))
    replay = stack.replay(records / "afdb" / "04043", WITH_A_STRAP, "--beats")
    assert replay.returncode == 0, replay.stderr
    assert wait_until(lambda: len(stack.flags(WITH_A_STRAP)) > before, COMPILED_SECONDS)
    settled(stack)
    told = [flag["code"] for flag in stack.flags(WITH_A_STRAP)][before:]
    assert [code["coding"][0]["code"] for code in told] == ["361137007"]
    assert "from heart beats alone" in told[0]["text"]
