"""`wristchart validate` over records made here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from app.validating import validate
from tests.wearable_agg.afib.made_ecg import irregular, regular

WriteRecord = Callable[..., Path]
SHAPE = {
    "beats": {"se", "ppv", "f1"},
    "episode": {"se", "ppv"},
    "duration": {"se", "ppv"},
    "window": {"se", "sp", "sp_flutter_as_non_af"},
    "false_per_patient_day": {"30", "120", "360"},
    "latency_s": {"median", "p90"},
}


def run(*arguments: object) -> dict[str, dict[str, dict[str, dict[str, float | None]]]]:
    made = CliRunner().invoke(validate, [*map(str, arguments), "--json"])
    assert made.exit_code == 0, made.output
    return json.loads(made.stdout)


@pytest.fixture
def paroxysm(write_record: WriteRecord) -> Path:
    """Seven minutes of sinus rhythm, six of fibrillation, five of sinus rhythm."""
    beats = np.concatenate(
        [regular(420.0), 420.0 + irregular(360.0), 780.0 + regular(300.0)]
    ).tolist()
    return write_record("paroxysm", beats, [(0.1, "(N"), (420.0, "(AFIB"), (780.0, "(N")])


def test_rhythm_gives_every_figure_of_a_record(paroxysm: Path) -> None:
    made = run("rhythm", paroxysm)
    gross = made["gross"]
    assert {k: set(v) for k, v in gross.items() if isinstance(v, dict)} == SHAPE
    assert set(gross) == {*SHAPE, "not_analysable_pct"}
    assert set(made["records"]) == {"paroxysm"}
    assert gross["beats"]["f1"] > 99.0
    assert gross["episode"] == {"se": 100.0, "ppv": 100.0}
    assert gross["duration"]["se"] > 85.0
    assert gross["false_per_patient_day"] == {"30": 0.0, "120": 0.0, "360": 0.0}
    assert 30.0 <= gross["latency_s"]["median"] < 180.0


def test_a_folder_is_scored_record_by_record(paroxysm: Path, write_record: WriteRecord) -> None:
    write_record("steady", regular(60.0).tolist())
    made = run("beats", paroxysm.parent)
    assert set(made["records"]) == {"paroxysm", "steady"}
    assert made["gross"]["beats"]["se"] > 99.0
    assert made["gross"]["window"]["sp"] is None


def test_a_rhythm_that_only_the_header_states_counts(write_record: WriteRecord) -> None:
    path = write_record("ward", irregular(600.0).tolist(), comments=["rhythm: AFIB"])
    path.with_suffix(".atr").unlink()
    gross = run("rhythm", path)["gross"]
    assert gross["window"]["se"] > 50.0
    assert gross["window"]["sp"] is None
    assert gross["beats"]["f1"] is None


def test_the_rules_are_printed_with_the_tables(write_record: WriteRecord) -> None:
    made = CliRunner().invoke(validate, ["beats", str(write_record("r", regular(60.0).tolist()))])
    assert made.exit_code == 0
    assert "within 150 ms" in made.output
    assert made.output.splitlines()[-1].split()[0] == "Gross"


@pytest.mark.parametrize("missing", ["nowhere", "."])
def test_a_path_without_records_is_refused_with_its_reason(tmp_path: Path, missing: str) -> None:
    made = CliRunner().invoke(validate, ["rhythm", str(tmp_path / missing)])
    assert made.exit_code == 2
    assert "hea" in made.output
