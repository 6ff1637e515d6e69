"""Charts as pure functions: published values in, a figure (drawing, words, table) out."""

from dashboards.charts.control import ControlPoint, control_chart
from dashboards.charts.gaps import gaps
from dashboards.charts.hexmap import hex_map
from dashboards.charts.network_funnel import FunnelPoint, network_funnel
from dashboards.charts.pairs import pairs
from dashboards.charts.pathway import Stage, pathway
from dashboards.charts.ranked import ranked
from dashboards.charts.small_multiples import small_multiples
from dashboards.charts.spread import spread
from dashboards.charts.survival import CurvePoint, survival
from dashboards.charts.trend import Series, trend
from dashboards.charts.waterfall import Change, waterfall

__all__ = [
    "Change",
    "ControlPoint",
    "CurvePoint",
    "FunnelPoint",
    "Series",
    "Stage",
    "control_chart",
    "gaps",
    "hex_map",
    "network_funnel",
    "pairs",
    "pathway",
    "ranked",
    "small_multiples",
    "spread",
    "survival",
    "trend",
    "waterfall",
]
