"""Colours, dashes, markers and the Plotly template: the look of every chart, once."""

from __future__ import annotations

from typing import Any

# Government Analysis Function palette; each is at least 3:1 on white.
BLUE = "#12436D"
TURQUOISE = "#28A197"
PLUM = "#801650"
ORANGE = "#F46A25"
SERIES_COLOURS = (BLUE, TURQUOISE, PLUM, ORANGE)
SERIES_DASHES = ("solid", "dash", "dot", "dashdot")
SERIES_MARKERS = ("circle", "square", "diamond", "triangle-up")
MAX_SERIES = len(SERIES_COLOURS)

INK = "#212B32"
MUTED = "#4C6272"
GRID = "#E3E8EB"
PAPER = "#FFFFFF"
REFERENCE = "#4C6272"
BAND_FILL = "rgba(18,67,109,0.14)"
# Low to high; the first needs its dark outline, which every hexagon has.
BANDS = ("#DCE9F5", "#8DB9DD", "#2F7FBF", "#12436D")
BAND_INK = (INK, INK, PAPER, PAPER)
WITHHELD_FILL = "#F0F4F5"
HEX_OUTLINE = "#4C6272"

FONT = "Arial, Helvetica, sans-serif"
FONT_SIZE = 14
FONT_SIZE_NARROW = 12

WIDE = 900
NARROW = 340

CONFIG: dict[str, Any] = {
    "displayModeBar": False,
    "displaylogo": False,
    "responsive": True,
    "scrollZoom": False,
    "doubleClick": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
}

_AXIS: dict[str, Any] = {
    "gridcolor": GRID,
    "linecolor": MUTED,
    "zeroline": False,
    "ticks": "",
    "automargin": False,
    "fixedrange": True,
    "title": {"font": {"size": FONT_SIZE, "color": MUTED}, "standoff": 8},
}

# Invisible ticks keep category labels off their marks.
LABEL_GAP: dict[str, Any] = {"ticks": "outside", "ticklen": 6, "tickcolor": "rgba(0,0,0,0)"}

TEMPLATE: dict[str, Any] = {
    "layout": {
        "font": {"family": FONT, "size": FONT_SIZE, "color": INK},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "colorway": list(SERIES_COLOURS),
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": PAPER,
            "bordercolor": MUTED,
            "font": {"family": FONT, "size": FONT_SIZE, "color": INK},
            "align": "left",
        },
        "margin": {"l": 64, "r": 24, "t": 16, "b": 44},
        "xaxis": {**_AXIS, "showgrid": False, "showline": True},
        "yaxis": {**_AXIS, "showgrid": True, "rangemode": "tozero"},
        "separators": ".,",
    }
}


_LINEAR_BELOW = 0.04045  # of the sRGB transfer function


def luminance(colour: str) -> float:
    """Relative luminance of ``#RRGGBB``, WCAG 2.2 definition."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= _LINEAR_BELOW else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, WCAG 2.2 definition: 1 to 21."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
