"""The demo's data is one demo's at a time, and stays with the address that it was made for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from app.demo import folder, site
from app.demo.command import demo
from app.demo.site import Site
from tests.support.stack import free_ports

PORT = free_ports()


@pytest.fixture
def place(tmp_path: Path) -> Site:
    """A demo that ran before."""
    found = Site(tmp_path / "demo", PORT)
    site.write(found)
    return found


def start(place: Site, *options: str) -> Result:
    return CliRunner().invoke(demo, ["--data", str(place.data), "--port", str(PORT), *options])


@pytest.mark.parametrize("apart", [0, 100])
def test_a_second_demo_on_the_folder_is_refused_and_removes_nothing(
    place: Site, apart: int
) -> None:
    with folder.held(place):
        refused = start(place, "--fresh", "--port", str(PORT + apart))
    assert refused.exit_code == 1
    assert f"is running on {place.data} ({place.ehr_url}, process {os.getpid()})" in refused.output
    assert "Ctrl-C" in refused.output
    assert place.config.exists()


def test_a_taken_port_is_told_before_anything_is_removed(place: Site) -> None:
    with socket.create_server(("127.0.0.1", place.ports["web"])):
        refused = start(place, "--fresh")
    assert refused.exit_code == 1
    assert f"In use: port {place.ports['web']} (web)" in refused.output
    assert place.config.exists()


def test_data_of_another_address_is_kept_and_named(place: Site) -> None:
    refused = start(place, "--port", str(PORT + 100))
    assert refused.exit_code == 1
    assert f"belong to {place.ehr_url}/fhir" in refused.output
    assert "--fresh" in refused.output
    assert place.config.exists()


def test_emptied_it_may_move_to_another_address(place: Site) -> None:
    moved = Site(place.data, PORT + 100)
    with folder.held(moved):
        folder.empty(moved)
        folder.require_address(moved)
    assert [path.name for path in place.data.iterdir()] == [folder.LOCK]


def test_no_other_folder_is_emptied(tmp_path: Path) -> None:
    (tmp_path / "letter").touch()
    with pytest.raises(click.ClickException, match="nothing removed"):
        folder.empty(Site(tmp_path, PORT))
    assert (tmp_path / "letter").exists()


@pytest.mark.parametrize("port", ["0", "65524", "70000"])
def test_a_port_beyond_the_last_is_a_usage_error(place: Site, port: str) -> None:
    assert start(place, "--port", port).exit_code == 2
