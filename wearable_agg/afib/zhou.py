"""Atrial fibrillation by the entropy of heart-rate symbols.

Zhou, Ding, Wu, Pickwell-MacPherson and Zhang, PLoS ONE 2015;10(9):e0136544: each interval becomes
a symbol, three symbols a word, and the entropy of the last words, weighted by how many of them are
distinct, tells fibrillation (high) from other rhythms (low).
"""

from __future__ import annotations

import math

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.rules import Rules
from wearable_agg.afib.state import HISTORY, Row

_UNIT = float(1 << 40)


@compiled
def clear_words(row: Row) -> None:
    """Empty the window."""
    row.word_head = row.word_count = row.kinds = 0
    row.information = 0


@compiled
def add_interval(row: Row, seconds: float, rules: Rules) -> None:
    """Take the next RR interval; `row.chain` counts those without a break, this one included."""
    rate = 60.0 / seconds
    symbol = 63 if rate >= 315.0 else int(rate / 5.0)
    if row.chain >= 3:
        if row.word_count == rules.window:
            _remove_oldest(row, rules.window)
        _append(row, (row.older_symbol << 12) + (row.symbol << 6) + symbol, rules.window)
    row.older_symbol, row.symbol = row.symbol, symbol


@compiled
def entropy(row: Row, rules: Rules) -> float:
    """Return the weighted entropy, 0 to 1, or NaN while the window is not full."""
    if row.word_count < rules.window:
        return math.nan
    information = row.information / _UNIT
    return float(row.kinds * information / (rules.window * math.log2(rules.window)))


@compiled
def _information(count: int, window: int) -> int:
    """Return -p log2 p for p = count / window in fixed point, so that sums never drift."""
    if count == 0:
        return 0
    share = count / window
    return round(-share * math.log2(share) * _UNIT)


@compiled
def _occurrences(row: Row, word: int) -> int:
    count = 0
    for i in range(row.word_count):
        count += row.words[(row.word_head + i) % HISTORY] == word
    return count


@compiled
def _remove_oldest(row: Row, window: int) -> None:
    count = _occurrences(row, row.words[row.word_head])
    row.information += _information(count - 1, window) - _information(count, window)
    row.kinds -= count == 1
    row.word_head = (row.word_head + 1) % HISTORY
    row.word_count -= 1


@compiled
def _append(row: Row, word: int, window: int) -> None:
    count = _occurrences(row, word)
    row.information += _information(count + 1, window) - _information(count, window)
    row.kinds += count == 0
    row.words[(row.word_head + row.word_count) % HISTORY] = word
    row.word_count += 1
