"""The product in front of a simulated EHR, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording
from tests.conformance.site import Site, register, tenant_at


@pytest.fixture
def recording() -> Recording:
    return Recording()


@pytest.fixture
def ehr(recording: Recording) -> Iterator[SimulatedEhr]:
    with SimulatedEhr(recording) as simulated:
        yield simulated


@pytest.fixture
def site(ehr: SimulatedEhr, tmp_path: Path) -> Iterator[Site]:
    tenant = tenant_at(ehr)
    with Site(tmp_path / "data", [tenant]) as opened:
        register(opened, ehr, tenant)
        yield opened
