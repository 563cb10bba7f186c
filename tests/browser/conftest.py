"""Fixtures of the tests in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.clinic import Clinic
from tests.support.naive_app import NaiveHospital
from tests.support.stack import Stack


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The EHR, the page and the backend; tests leave them running."""
    with Stack(tmp_path_factory.mktemp("stack"), roles=("web", "api")) as stack:
        yield stack


@pytest.fixture(scope="module")
def clinic(running: Stack) -> Clinic:
    """The product with two patients who have findings."""
    return Clinic(running)


@pytest.fixture
def naive() -> Iterator[NaiveHospital]:
    """An app that keeps the patient in the session."""
    with NaiveHospital() as hospital:
        yield hospital
