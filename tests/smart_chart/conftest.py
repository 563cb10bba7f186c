"""A real EHR and the chart as delivery reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smart.chart import FhirChart
from tests.support.chart_ehr import ChartEhr


@pytest.fixture
def ehr(tmp_path: Path) -> Iterator[ChartEhr]:
    with ChartEhr(tmp_path / "ehr", tmp_path / "keys") as running:
        yield running


@pytest.fixture
def chart(ehr: ChartEhr) -> FhirChart:
    return ehr.chart()
