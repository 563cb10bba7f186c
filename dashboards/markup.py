"""What every part of the page writes the same way."""

from typing import Any

GRAPH: Any = {
    "displayModeBar": False,
    "scrollZoom": False,
    "responsive": True,
    "doubleClick": False,  # ui.js goes back to the range that the figure was drawn with
    "showTips": False,
}
STILL_GRAPH: Any = {**GRAPH, "staticPlot": True}


def aria(**names: str) -> dict[str, Any]:
    """ARIA attributes of an element: aria(label="Time range", expanded="false")."""
    return {f"aria-{name}": value for name, value in names.items()}
