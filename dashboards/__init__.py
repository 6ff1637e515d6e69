"""The published dashboards: a static site built from published, disclosure-controlled tables."""

from dashboards.board_pack import BoardPackError, board_pack_of
from dashboards.build import SiteReport, build_site
from dashboards.frontend import FrontEnd, find_browser, find_front_end
from dashboards.inputs import InputError, ReleaseInfo, SiteInputs

__all__ = [
    "BoardPackError",
    "FrontEnd",
    "InputError",
    "ReleaseInfo",
    "SiteInputs",
    "SiteReport",
    "board_pack_of",
    "build_site",
    "find_browser",
    "find_front_end",
]
