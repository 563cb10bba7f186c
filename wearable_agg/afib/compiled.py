"""The compiler's decorator with the type it leaves out: a compiled function is called as before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile `function` when it is first used."""
    return cast("_Function", njit(function))


def compiled_once(function: _Function) -> _Function:
    """Compile `function` when it is first used and keep the result on disk."""
    return cast("_Function", njit(cache=True)(function))
