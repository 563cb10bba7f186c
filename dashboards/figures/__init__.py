"""The figures of the page, built as plain dictionaries in Plotly's own form.

Plotly's graph objects check every property on the way and cost several times the rest of a
redraw; the tests hold the same figures against them instead.
"""

from dashboards.figures.ecg import ecg_figure
from dashboards.figures.tachogram import tachogram_figure
from dashboards.figures.timeline import timeline_figure
from dashboards.figures.view import Figure, TimelineData, View

__all__ = ["Figure", "TimelineData", "View", "ecg_figure", "tachogram_figure", "timeline_figure"]
