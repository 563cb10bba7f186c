"""Clinical facts as data: each file names where its codes and thresholds come from."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def load(topic: str) -> dict[str, Any]:
    """Return the facts of one topic (`config/clinical/<topic>.toml`), parsed once."""
    text = resources.files(__name__).joinpath(f"{topic}.toml").read_text("utf-8")
    return tomllib.loads(text)
