"""The peers' own environment: other QRS detectors pin libraries that the product has outgrown."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.qrs_peer_worker import PEERS
from bench.qrs_records import ROOT

ENVIRONMENT = ROOT / "build" / "bench-peers"
REQUIREMENTS = ("sleepecg==0.6.0", "neurokit2==0.2.13", "wfdb==4.3.1")

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class PeerRun:
    """CPU seconds that a peer took over all records, and its beats in seconds from their start."""

    cpu_seconds: float
    beats: dict[str, NDArray[np.float64]]


def prepare() -> Path | None:
    """Return the interpreter of the peers' environment, made if need be; None if it cannot be."""
    python = ENVIRONMENT / "bin" / "python"
    if not _importable(python):
        print(f"making {ENVIRONMENT.relative_to(ROOT)} ...", file=sys.stderr)
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS]
        if subprocess.run(pip, check=False).returncode != 0:
            return None
    return python


def run_peers(signals: dict[str, NDArray[np.float32]], rate: float) -> dict[str, PeerRun]:
    """Run every peer over the signals, one after the other, each in a process of one thread."""
    python = prepare()
    if python is None:
        print("The peers could not be installed; they are left out.", file=sys.stderr)
        return {}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "signals.npz"
        np.savez(source, rate=rate, **signals)
        return {peer: _run(python, peer, source, rate) for peer in PEERS}


def _run(python: Path, peer: str, source: Path, rate: float) -> PeerRun:
    target = source.with_name("result.npz")
    worker = Path(__file__).with_name("qrs_peer_worker.py")
    command = [str(python), "-W", "ignore", str(worker), peer, str(source), str(target)]
    subprocess.run(command, check=True, env=_ONE_THREAD, stdout=subprocess.DEVNULL)
    with np.load(target) as result:
        beats = {name: result[name] / rate for name in result.files if name != "seconds"}
        return PeerRun(float(result["seconds"]), beats)


def _importable(python: Path) -> bool:
    check = [str(python), "-c", "import sleepecg, neurokit2, wfdb"]
    return (
        python.exists()
        and subprocess.run(check, check=False, stderr=subprocess.DEVNULL).returncode == 0
    )
