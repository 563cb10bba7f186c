"""The product's processes beside the sandbox EHR, for tests that need the real thing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from app.demo import people, site
from app.demo.processes import Child, Processes, is_free, wait_until
from app.demo.site import Site
from safeguards.assertions import Signer

START_SECONDS = 60
BORN = date(1970, 1, 1)
"""What the care team says of any patient who is invited here."""

ECG_ROLES = ("web", "api", "gateway", "engine", "delivery")


class Stack:
    """Starts the EHR and some roles; stops all at the end."""

    def __init__(
        self,
        folder: Path,
        roles: Sequence[str] = ECG_ROLES,
        vendors: bool = False,
        place: Site | None = None,
    ):
        self.site = place or Site(folder / "data", free_ports())
        site.write(self.site)
        self._roles = roles
        self._vendors = vendors
        self.children: dict[str, Child] = {}
        self.processes = Processes(self.site.data / "logs")

    def __enter__(self) -> Stack:
        self.start_ehr()
        if self._vendors:
            self.start_vendors()
        for role in self._roles:
            self.start(role)
        asked = [name for name in ("web", "api", "gateway") if name in self._roles]
        urls = [f"{self._loopback('EHR')}/fhir/metadata"]
        urls += [f"{self._loopback(name)}/healthz" for name in asked]
        if not wait_until(lambda: all(map(_answers, urls)), START_SECONDS):
            logs = "\n".join(
                f"{log.name}: {log.read_text()[-2000:]}"
                for log in (self.site.data / "logs").glob("*.log")
            )
            self.processes.stop()
            raise AssertionError(f"not everything started\n{logs}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.processes.stop()

    def _loopback(self, name: str) -> str:
        """Where a process itself listens, whatever address it is reached by."""
        return f"http://127.0.0.1:{self.site.ports[name]}"

    def start(self, role: str) -> None:
        """Start a role."""
        config = ("--config", str(self.site.config))
        self.children[role] = self.processes.start(role, "-m", "app.cli", *config, "run", role)

    def start_ehr(self) -> None:
        """Start the sandbox EHR."""
        self.children["ehr"] = self.processes.start(
            "ehr",
            *("-m", "sandbox.ehr", "--listen", f"127.0.0.1:{self.site.ports['EHR']}"),
            *("--url", self.site.ehr_url, "--data", str(self.site.data / "ehr")),
            *("--clients", str(self.site.clients)),
            *("--app-launch-url", f"{self.site.web_url}/launch.html"),
        )

    def start_vendors(self) -> None:
        """Start the wearable vendors' simulators."""
        self.children["vendors"] = self.processes.start(
            "vendors",
            *("-m", "sandbox.vendors", "--listen", f"127.0.0.1:{self.site.ports['vendors']}"),
            *("--url", self.site.vendors_url, "--data", str(self.site.data / "vendors")),
            *("--apps", str(self.site.apps), "--rate-scale", str(site.RATE_SCALE)),
        )

    def kill(self, name: str) -> None:
        """End a process at once, as a power cut would."""
        process = self.children[name].process
        assert process is not None
        process.send_signal(signal.SIGKILL)
        process.wait()

    def replay(self, record: Path, patient: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Let the patient share ECG, then stream a record as fast as it is acknowledged."""
        people.share(self.backend(), patient, BORN)
        command = [sys.executable, "-m", "app.cli", "--config", str(self.site.config), "replay"]
        return subprocess.run(
            [*command, str(record), "--patient", patient, "--speed", "0", *options],
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
            env={**os.environ, "NO_COLOR": "1"},
        )

    def flags(self, patient: str) -> list[dict[str, Any]]:
        """Return every Flag that the EHR holds for a patient, as it stands now."""
        answer = requests.get(
            f"{self.site.ehr_url}/sandbox/flags", params={"patient": patient}, timeout=10
        )
        answer.raise_for_status()
        return [flag["current"] for flag in answer.json()["flags"]]

    def backend(self) -> people.Backend:
        """Return the aggregation backend as the care team reaches it."""
        return people.Backend(
            self.site.api_url,
            Signer.open(self.site.data / "keys"),
            site.TENANT,
            f"{self.site.ehr_url}/fhir",
        )


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def free_ports() -> int:
    """Return the first of a run of free ports, apart from other test processes.

    They lie below those that the system gives to whoever connects: one of these is soon taken.
    """
    start = 11000 + (os.getpid() * 37) % 19000
    for first in range(start, start + 2000, 20):
        if all(is_free(first + offset) for offset in (0, 1, 10, 11, 12)):
            return first
    raise AssertionError("no free ports")
