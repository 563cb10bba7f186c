"""An empty backend, and one with a person who has linked a wearable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.backend import World, link_person, open_world


@pytest.fixture
def world(tmp_path: Path, place: Path | str) -> Iterator[World]:
    opened = open_world(tmp_path, place)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def linked(world: World) -> int:
    """The account that a person has linked."""
    return link_person(world)
