"""`wristchart validate` where there is no waveform, and over short recordings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from app.validating import validate
from tests.wearable_agg.afib.made_ecg import ecg, irregular, regular
from wearable_agg.validation.spot import f1_of

WriteRecord = Callable[..., Path]


def run(*arguments: object):
    made = CliRunner().invoke(validate, [*map(str, arguments), "--json"])
    assert made.exit_code == 0, made.output
    return json.loads(made.stdout)


def test_beats_stand_for_the_signal_where_there_is_none(write_record: WriteRecord) -> None:
    beats = [regular(420.0), 420.0 + irregular(360.0), 780.0 + regular(300.0)]
    labels = [(0.1, "(N"), (420.0, "(AFIB"), (780.0, "(N")]
    path = write_record("beats", np.concatenate(beats).tolist(), labels, waveform=False)
    gross = run("rhythm", path)["gross"]
    assert gross["beats"] == {"se": None, "ppv": None, "f1": None}
    assert gross["episode"] == {"se": 100.0, "ppv": 100.0}
    assert gross["duration"]["se"] > 85.0
    assert gross["not_analysable_pct"] < 2.0
    assert run("beats", path)["gross"]["beats"]["f1"] is None


def test_records_that_ran_on_beats_are_named(write_record: WriteRecord) -> None:
    write_record("ecg", regular(400.0).tolist(), [(0.1, "(N")])
    path = write_record("rr", regular(400.0).tolist(), [(0.1, "(N")], waveform=False).parent
    made = CliRunner().invoke(validate, ["rhythm", str(path)])
    assert "run on annotated beats (1 of 2 records): rr" in made.output
    assert [
        line.split()[:2] for line in made.output.splitlines() if line.split()[:1] == ["rr"]
    ] == [["rr", "(beats)"]] * 2
    left_out = CliRunner().invoke(validate, ["beats", str(path), "--json"])
    assert "left out (1 of 2 records): rr" in left_out.stderr


def test_a_rate_that_cannot_be_read_names_the_file(write_record: WriteRecord) -> None:
    header = write_record("r", regular(60.0).tolist()).with_suffix(".hea")
    first, rest = header.read_text().split("\n", 1)
    header.write_text(first.replace(" 250 ", " abc ") + "\n" + rest)
    made = CliRunner().invoke(validate, ["beats", str(header.parent)])
    assert made.exit_code == 2
    assert "r.hea: abc is no rate in Hz" in " ".join(made.output.split())


def challenge(path: Path, signals: list[np.ndarray], labels: list[str], **changes: object) -> Path:
    counts = [np.rint(signal * 1000).astype(np.int16) for signal in signals]
    arrays: dict[str, object] = {
        "delta": np.concatenate([np.diff(c, prepend=np.int16(0)) for c in counts]),
        "offsets": np.cumsum([0, *map(len, counts)]),
        "records": np.array([f"A{n}" for n in range(len(labels))]),
        "labels": np.array(labels),
        "fs": 300,
        "gain_adu_per_mV": 1000,
    }
    np.savez(path, **(arrays | changes))  # type: ignore[arg-type]
    return path


def test_short_recordings_are_scored_by_class(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 0.3, 3000)
    signals = [ecg(regular(30.0), 30.0, 300.0), ecg(irregular(30.0), 30.0, 300.0), noise]
    made = run("spot", challenge(tmp_path / "c.npz", signals, ["N", "A", "~"]))
    assert set(made) == {"f1"}
    assert set(made["f1"]) == {"N", "A", "O", "~", "mean_NAO"}
    assert run("spot", tmp_path) == made


def test_f1_is_that_of_the_challenge() -> None:
    pairs = [("N", "N"), ("N", "A"), ("A", "A"), ("O", "O"), ("O", "N"), ("~", "~")]
    assert f1_of(pairs) == {"N": 50.0, "A": 66.67, "O": 66.67, "~": 100.0, "mean_NAO": 61.11}
    assert f1_of([("N", "N")])["mean_NAO"] is None


@pytest.mark.parametrize(
    "changes", [{"offsets": np.array([0])}, {"fs": 20}, {"records": np.array(["x"])}]
)
def test_a_file_that_does_not_fit_together_is_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    path = challenge(tmp_path / "c.npz", [np.zeros(3000)] * 2, ["N", "A"], **changes)
    made = CliRunner().invoke(validate, ["spot", str(path)])
    assert made.exit_code == 2


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.npz").write_bytes(content)
    made = CliRunner().invoke(validate, ["spot", str(tmp_path)])
    assert made.exit_code == 2
    assert "no file of CinC 2017" in made.output
