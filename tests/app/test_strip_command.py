"""`wristchart strip` over a file made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb
from click.testing import CliRunner

from app.strip_command import strip


@pytest.fixture
def record(tmp_path: Path) -> Path:
    signal = np.sin(np.arange(2500) / 20)[:, None] * [0.5, 1]
    formats, leads = ["16"] * 2, ["V1", "MLII"]
    wfdb.wrsamp("r", 250, ["mV"] * 2, leads, signal, fmt=formats, write_dir=str(tmp_path))
    return tmp_path / "r"


@pytest.mark.parametrize(("name", "begins"), [("a.svg", b"<svg"), ("a.png", b"\x89PNG")])
def test_a_stretch_is_drawn(record: Path, name: str, begins: bytes) -> None:
    picture = record.with_name(name)
    made = CliRunner().invoke(strip, [str(record), str(picture), "--at", "2", "--seconds", "5"])
    assert made.exit_code == 0, made.output
    assert picture.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.gif"], "ends in .svg or .png"),
        (["a.svg", "--at", "10"], "lasts 10.0 s"),
        (["a.svg", "--at", "-1"], "lasts 10.0 s"),
        (["a.svg", "--at", "nan"], "lasts 10.0 s"),
        (["a.svg", "--at", "1e308"], "lasts 10.0 s"),
        (["a.svg", "--seconds", "nan"], "not a length"),
        (["a.svg", "--lead", "V2"], "no lead V2: there is MLII, V1"),
        (["a.svg", "--format", "edf"], "r"),
    ],
)
def test_what_cannot_be_drawn_is_refused(record: Path, arguments: list[str], said: str) -> None:
    made = CliRunner().invoke(strip, [str(record), *arguments])
    assert made.exit_code == 2
    assert said in made.output


def test_any_lead_of_a_record_is_drawn(record: Path) -> None:
    picture = record.with_name("a.svg")
    made = CliRunner().invoke(strip, [str(record), str(picture), "--lead", "V1"])
    assert made.exit_code == 0, made.output
    assert "r V1 from 0 s" in picture.read_text()


def test_a_picture_that_cannot_be_written_is_said(record: Path) -> None:
    made = CliRunner().invoke(strip, [str(record), str(record.parent / "none" / "a.png")])
    assert made.exit_code == 1
    assert "No such file" in made.output
