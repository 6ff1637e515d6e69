"""Generated demonstration data: the programme, its people and its files at national scale, from one seed."""

from orchestration.synthetic.dirt import DIRT
from orchestration.synthetic.generator import generate
from orchestration.synthetic.truth import Planted, Truth

__all__ = ["DIRT", "Planted", "Truth", "generate"]
