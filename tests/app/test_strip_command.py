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
    signal = np.sin(np.arange(2500) / 20)[:, None]
    wfdb.wrsamp("r", 250, ["mV"], ["MLII"], signal, fmt=["16"], write_dir=str(tmp_path))
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
        (["a.svg", "--lead", "V1"], "no lead V1: there is MLII"),
        (["a.svg", "--format", "edf"], "r"),
    ],
)
def test_what_cannot_be_drawn_is_refused(record: Path, arguments: list[str], said: str) -> None:
    made = CliRunner().invoke(strip, [str(record), *arguments])
    assert made.exit_code == 2
    assert said in made.output
