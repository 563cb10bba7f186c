"""A look at the made-up patient, and figures of it, for the tests of the page's parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from dashboards.figures import Figure, View, timeline_figure
from dashboards.reading import Look, look, timeline_data
from dashboards.recent import Recent
from dashboards.theme import LIGHT
from tests.dashboards.browsing import opened
from tests.dashboards.fake_services import CONTEXT, NOW, FakeServices
from tests.dashboards.serving import served


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


@pytest.fixture
def services() -> FakeServices:
    """What the page asks, about the made-up patient."""
    return FakeServices()


@pytest.fixture
def address(services: FakeServices) -> Iterator[str]:
    """Where the page of the made-up patient is served."""
    with served(services) as address:
        yield address


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A window of its own, closed before the server is."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    """The page, drawn in that window."""
    return opened(context, address)
