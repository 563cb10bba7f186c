"""What `make` calls says what is wrong, and fails."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import run


def test_an_unknown_group_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["run", "foo"])
    with pytest.raises(SystemExit) as ended:
        run.main()
    assert ended.value.code == 2
    assert "no group 'foo'" in capsys.readouterr().err


def test_a_python_that_is_too_new_is_told_which_will_do(tmp_path: Path) -> None:
    script = tmp_path / "deploy" / "environment.sh"
    script.parent.mkdir()
    shutil.copy(Path(run.ROOT, "deploy", "environment.sh"), script)
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.15.0"\n')
    python.chmod(0o755)
    (python.parent / "dirname").symlink_to(str(shutil.which("dirname")))
    ended = subprocess.run(
        ["/bin/sh", str(script), "requirements.lock"],
        env={"PATH": str(python.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "3.13 or 3.14; found: Python 3.15.0" in ended.stderr
    assert not (tmp_path / ".venv").exists()
