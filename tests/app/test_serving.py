"""The server that the web and api roles share."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests
from flask import Flask

from app.demo.processes import wait_until
from app.serving import serve
from config.settings import Listen
from tests.support.stack import free_ports


@pytest.fixture
def listen() -> Iterator[Listen]:
    port = free_ports()
    place = Listen("127.0.0.1", port, f"http://127.0.0.1:{port}")
    application, stop = Flask("served"), threading.Event()
    application.add_url_rule("/", view_func=lambda: "here")
    serving = threading.Thread(target=serve, args=(application, place, stop))
    serving.start()
    assert wait_until(lambda: _answers(place), 20)
    yield place
    stop.set()
    serving.join()


def _answers(listen: Listen) -> bool:
    try:
        return requests.get(listen.url, timeout=5).text == "here"
    except requests.ConnectionError:
        return False


def test_hundreds_of_open_connections_keep_nobody_out(listen: Listen) -> None:
    with ExitStack() as open_ones:
        for _ in range(300):
            open_ones.enter_context(socket.create_connection((listen.host, listen.port)))
        assert _answers(listen)
