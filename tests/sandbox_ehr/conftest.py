"""A running demo EHR for every test here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ehr_visitor import Ehr, running_ehr


@pytest.fixture(scope="session")
def ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ehr]:
    """Shared by tests that only add to it."""
    with running_ehr(tmp_path_factory.mktemp("ehr")) as running:
        yield running


@pytest.fixture
def own_ehr(tmp_path: Path) -> Iterator[Ehr]:
    """For tests that move its clock or break it."""
    with running_ehr(tmp_path) as running:
        yield running
