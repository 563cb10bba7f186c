"""A real gateway on a real socket, in a thread of this process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Collection
from pathlib import Path

import uvicorn

from safeguards.assertions import Asker, Signer, Verifier
from wearable_agg.ecg.frames import MAXIMUM_FRAME_BYTES
from wearable_agg.ecg.gateway import create_gateway
from wearable_agg.ecg.tables import open_inbox


class Shared:
    """Who does not share ECG: nobody, unless a test says so."""

    def __init__(self) -> None:
        self.withheld: set[str] = set()

    def refused(self, askers: Collection[Asker]) -> frozenset[Asker]:
        return frozenset(one for one in askers if one.patient in self.withheld)


class Gateway:
    """The gateway of a site in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.signer = Signer.open(folder / "keys")
        self._verifier = Verifier.open(folder / "keys")
        self.inbox = open_inbox(folder / "ecg.db")
        self.shared = Shared()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ecg"

    def start(self) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                create_gateway(self.inbox, self._verifier, self.shared),
                port=self.port,
                ws_max_size=MAXIMUM_FRAME_BYTES,
                timeout_graceful_shutdown=2,
                log_config=None,
            )
        )
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def token(self, patient: str = "marit-solheim", scope: str = "ecg.write") -> str:
        asker = Asker(
            "sandbox", "http://ehr/fhir", patient, "u", "User", "c", frozenset(scope.split())
        )
        return self.signer.sign(asker, "wristchart-gateway")
