"""A look at the made-up patient, and figures of it, for the tests of the page's parts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dashboards.figures import Figure, View, timeline_figure
from dashboards.reading import Look, look, timeline_data
from dashboards.recent import Recent
from dashboards.theme import LIGHT
from tests.dashboards.fake_services import CONTEXT, NOW, FakeServices


@pytest.fixture
def see() -> Callable[..., Look]:
    """Look at the made-up patient: `see(days=90, linked=False)`."""

    def see(*, days: int = 90, **facts: object) -> Look:
        services = FakeServices(**facts)  # type: ignore[arg-type]
        return look(services, Recent(services), CONTEXT, "visit", days)

    return see


@pytest.fixture
def draw(see: Callable[..., Look]) -> Callable[..., Figure]:
    """Draw the made-up patient: `draw(days=14, compact=True, drugs=[])`."""

    def draw(*, compact: bool = False, **facts: object) -> Figure:
        seen = see(**facts)
        view = View(seen.first, seen.last, LIGHT, compact)
        return timeline_figure(timeline_data(seen, NOW), view)

    return draw
