"""How one broker stands, over all of its connections."""

from dataclasses import dataclass

from agent.config.model import Broker
from agent.mqtt.refusals import Refusals


@dataclass(slots=True)
class Standing:
    """What the connections of one broker share; counts are since the start of the agent.

    Attributes:
        name: the broker's.
        config: its table.
        refusals: what it refuses.
        acknowledged: readings that it took.
        unheard: of these, how many nobody was subscribed to.
    """

    name: str
    config: Broker
    refusals: Refusals
    acknowledged: int = 0
    unheard: int = 0
