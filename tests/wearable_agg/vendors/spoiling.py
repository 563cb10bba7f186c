"""Spoiling a good payload: anything at all in any one place of it."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

ODD_WORDS = (
    *("0001-01-01", "9999-12-31", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"),
    *("2026-06-22T23:59:60Z", "9999s", "1e30", "46", "Europe"),
)
leaf = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(ODD_WORDS)
)
anything = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
)


def spoiled(value: Any, data: st.DataObject) -> Any:
    """Return the value with anything at all in one place of it."""
    copied = copy.deepcopy(value)
    container, key = data.draw(st.sampled_from(_places(copied)))
    container[key] = data.draw(anything)
    return copied


def _places(value: Any) -> list[tuple[Any, Any]]:
    """List every container and key inside a value."""
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [pair for key in keys for pair in _places(value[key])]
