"""How a verdict on a single recording is marked, in the timeline, its key and the list alike."""

from collections.abc import Iterable
from enum import Enum

from clinical.verdicts import Ground, RhythmEvent
from config.clinical import load


class Mark(Enum):
    """A symbol of Plotly, the same as a letter, what it says, and its height in the row (0 to 1).

    Heights differ, so that none covers another of the same hour.
    """

    ECG = ("diamond", "◆", "AFib verdict on an ECG", 0.8)
    OTHER = ("diamond-open", "◇", "By pulse or beats", 0.5)
    NO_AFIB = ("circle-open", "○", "No AFib", 0.2)
    UNDECIDED = ("x-thin-open", "×", "Undecided", 0.2)

    def __init__(self, symbol: str, letter: str, says: str, height: float) -> None:
        self.symbol, self.letter, self.says, self.height = symbol, letter, says, height

    @property
    def asks_for_a_look(self) -> bool:
        """Whether it stands out."""
        return self in (Mark.ECG, Mark.OTHER)


def mark(one: RhythmEvent) -> Mark:
    """The mark of a verdict: what nobody could read is not called free of atrial fibrillation."""
    if one.is_positive:
        return Mark.ECG if one.ground is Ground.ECG else Mark.OTHER
    return (
        Mark.NO_AFIB if one.meaning.value in load("severity")["says_otherwise"] else Mark.UNDECIDED
    )


def marks(verdicts: Iterable[RhythmEvent]) -> list[Mark]:
    """The marks in use, in the order of the key."""
    used = {mark(one) for one in verdicts}
    return [each for each in Mark if each in used]
