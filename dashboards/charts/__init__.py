"""Charts as pure functions: published values in, a figure (drawing, words, table) out."""

from dashboards.charts.hexmap import hex_map
from dashboards.charts.pathway import Stage, pathway
from dashboards.charts.ranked import ranked
from dashboards.charts.spread import spread
from dashboards.charts.trend import Series, trend

__all__ = ["Series", "Stage", "hex_map", "pathway", "ranked", "spread", "trend"]
