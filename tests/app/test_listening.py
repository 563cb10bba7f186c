"""A role that cannot listen says which setting to change, and ends with 1."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from app.cli import main
from app.demo import site
from app.demo.site import Site
from app.listening import require_free
from app.roles import gateway
from config.settings import Listen, Settings
from tests.support.stack import free_ports


@pytest.fixture
def place(tmp_path: Path) -> Site:
    found = Site(tmp_path / "site", free_ports())
    site.write(found)
    return found


@pytest.fixture
def taken(place: Site) -> Iterator[dict[str, int]]:
    """The site's ports, somebody else listening on each."""
    listening = [socket.create_server(("127.0.0.1", port)) for port in place.ports.values()]
    yield place.ports
    for one in listening:
        one.close()


@pytest.mark.parametrize("role", ["web", "api", "gateway"])
def test_a_taken_port_is_named_with_the_setting(
    place: Site, taken: dict[str, int], role: str
) -> None:
    ended = CliRunner().invoke(main, ["--config", str(place.config), "run", role])
    assert ended.exit_code == 1
    assert f"127.0.0.1:{taken[role]} is in use" in ended.output
    assert f"under [{role}]" in ended.output


def test_a_gateway_whose_port_is_taken_meanwhile_fails(place: Site, taken: dict[str, int]) -> None:
    with pytest.raises(click.ClickException, match="is in use"):
        gateway.run(Settings.load(place.config), threading.Event())


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_named(host: str) -> None:
    with pytest.raises(click.ClickException, match=r"change host under \[web\]"):
        require_free("web", Listen(host, 1024, ""))
