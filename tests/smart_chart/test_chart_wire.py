"""What the wire can do to a write."""

import socket
import sqlite3
import threading

import pytest

from safeguards.egress import Egress
from smart.chart_wire import Stopped, Wire
from wearable_agg.delivery.chart import Ambiguous, Found, Identifier, NotSent, Refused


class Access:
    """Access that nobody checks."""

    def token(self):
        return "t"

    def renewed(self, refused):
        return "t2"

    def allows(self, kind, letter):
        return True


@pytest.fixture
def cutting():
    """A server that reads a request and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.recv(65536)
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def meaning(base, method, origins=None):
    wire = Wire(base, Egress(origins or [base]), Access())
    with pytest.raises(Stopped) as stop:
        wire.send(method, "/Flag", None if method == "GET" else {"resourceType": "Flag"})
    return type(stop.value.failure)


def test_a_write_cut_off_may_have_arrived(cutting):
    assert meaning(cutting, "POST") is Ambiguous


def test_a_read_cut_off_has_done_nothing(cutting):
    assert meaning(cutting, "GET") is NotSent


def test_a_refused_connection_has_done_nothing():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert meaning(f"http://127.0.0.1:{port}", "POST") is NotSent


def test_an_address_outside_the_site_is_never_asked(cutting):
    assert meaning(cutting, "POST", ["https://ehr.example"]) is Refused


@pytest.mark.threat("T41")
def test_a_token_that_the_ehr_withdrew_is_replaced_within_the_same_request(ehr, tmp_path):
    chart, name = ehr.chart(), Identifier("s", "v")
    assert chart.find("Flag", name, "jonas-berg") == Found(())
    with sqlite3.connect(tmp_path / "ehr" / "ehr.db") as connection:
        connection.execute("UPDATE tokens SET revoked = 1")
    assert chart.find("Flag", name, "jonas-berg") == Found(())
