"""The methods by name."""

from typing import Final

from agent.hydraulics.broadcrested import BroadCrested
from agent.hydraulics.cipoletti import Cipoletti
from agent.hydraulics.combine import Sum
from agent.hydraulics.counter import Counter
from agent.hydraulics.cutthroat import Cutthroat
from agent.hydraulics.level import Level
from agent.hydraulics.manning import Manning
from agent.hydraulics.method import Method
from agent.hydraulics.notch import Notch
from agent.hydraulics.parshall import Parshall
from agent.hydraulics.rating import Rating
from agent.hydraulics.rectangular import Rectangular
from agent.hydraulics.table import TableMethod
from agent.hydraulics.velocity import IndexVelocity, SurfaceVelocity
from agent.hydraulics.volume import Volume

METHODS: Final[dict[str, type[Method]]] = {
    "level": Level,
    "rating": Rating,
    "table": TableMethod,
    "parshall": Parshall,
    "cutthroat": Cutthroat,
    "weir-rectangular": Rectangular,
    "weir-v-notch": Notch,
    "weir-cipoletti": Cipoletti,
    "broad-crested": BroadCrested,
    "manning": Manning,
    "index-velocity": IndexVelocity,
    "surface-velocity": SurfaceVelocity,
    "volume": Volume,
    "counter": Counter,
    "sum": Sum,
}
"""Each is the model of ``[derived.<name>.version.<version>]`` with its name under ``method``."""
