"""Every personality in a process of its own, two at a time, then the control; and the verdict."""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.faults.harness.control import Naive
from tests.faults.harness.hospital import Count, Hospital

PERSONALITIES = ("atomic", "racy", "header-ignored", "no-identifier", "put-create")
AT_ONCE = 2
CONTROL_KILLS = 8
FEWEST_IN_CONTROL = 80
"""About one in eight is doubled."""


def run(
    findings: int, kills: int, personalities: tuple[str, ...], seed: int, at_once: int = AT_ONCE
) -> tuple[dict[str, Any], bool]:
    """Return what became of the findings, and whether all is well; prints as it goes."""
    began = time.monotonic()
    _warm_up()
    context = multiprocessing.get_context("fork")
    share = -(-findings // len(personalities)), -(-kills // len(personalities))
    with ProcessPoolExecutor(at_once, mp_context=context) as pool:
        started = {
            name: pool.submit(_of, name, *share, seed + number)
            for number, name in enumerate(personalities)
        }
        control = pool.submit(_control, max(findings // 50, FEWEST_IN_CONTROL), seed)
        counts = {}
        for name, future in started.items():
            counts[name] = future.result()
            print(f"{name:<16}{counts[name]}", flush=True)
        doubled = control.result()
    verdict = _verdict(counts, doubled, time.monotonic() - began)
    print(json.dumps(verdict), flush=True)
    return verdict, _is_good(verdict)


def _of(name: str, findings: int, kills: int, seed: int) -> Count:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        hospital = Hospital(Path(folder), name, findings, seed)
        try:
            hospital.open()
            return hospital.run(kills)
        finally:
            hospital.close()


def _control(findings: int, seed: int) -> int:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        hospital = Hospital(Path(folder), "atomic", findings, seed)
        try:
            hospital.open()
            return Naive(hospital).run(CONTROL_KILLS)
        finally:
            hospital.close()


def _verdict(counts: dict[str, Count], doubled: int, seconds: float) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(getattr(count, name) for count in counts.values())

    summed = ("findings", "kills", "lost", "duplicate_active_flags", "wrong_patient")
    return {
        **{name: total(name) for name in summed},
        "interrupted_sends": total("interrupted"),
        "taken_back_by_reconciler": total("taken_back"),
        "stores_intact": all(count.intact for count in counts.values()),
        "control_duplicates": doubled,
        "seconds": round(seconds, 1),
        "personalities": {name: asdict(count) for name, count in counts.items()},
    }


def _is_good(verdict: dict[str, Any]) -> bool:
    bad = ("lost", "duplicate_active_flags", "wrong_patient")
    blind = verdict["control_duplicates"] <= 0
    return not any(verdict[name] for name in bad) and not blind and bool(verdict["stores_intact"])


def _memory() -> str | None:
    """Temporary files in memory where there is room: a kill is a process's, not the machine's."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108


def _warm_up() -> None:
    """Import what the forked processes need, once."""
    from fhir.resources.R4B import get_fhir_model_class

    kinds = ("Flag", "Observation", "Device", "Provenance", "Communication", "DocumentReference")
    for kind in (*kinds, "Patient"):
        get_fhir_model_class(kind)
