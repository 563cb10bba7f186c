"""Simulated EHRs and the product in front of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.other_host import OtherHost
from tests.conformance.simulator.recording import Recording
from tests.conformance.site import Site, register, tenant_at

Opener = Callable[..., Site]


@pytest.fixture
def recording() -> Recording:
    return Recording()


@pytest.fixture
def ehr(recording: Recording) -> Iterator[SimulatedEhr]:
    with SimulatedEhr(recording) as simulated:
        yield simulated


@pytest.fixture
def elsewhere(recording: Recording) -> Iterator[OtherHost]:
    host = OtherHost(recording)
    yield host
    host.close()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as the product makes it: keys and empty tables, to be copied by each test."""
    folder = tmp_path_factory.mktemp("installation") / "data"
    with SimulatedEhr() as simulated, Site(folder, [tenant_at(simulated)]):
        return folder


@pytest.fixture
def open_site(ehr: SimulatedEhr, tmp_path: Path, installation: Path) -> Iterator[Opener]:
    """Open the product with the hospital registered as a test wants it."""
    with ExitStack() as opened:

        def start(**changes: Any) -> Site:
            tenant = tenant_at(ehr, **changes)
            shutil.copytree(installation, tmp_path / "data")
            site = opened.enter_context(Site(tmp_path / "data", [tenant]))
            register(site, ehr, tenant)
            return site

        yield start


@pytest.fixture
def site(open_site: Opener) -> Site:
    return open_site()
