"""Why there is no answer, in sentences that say what to look for."""

from typing import Final

from drivers.base import DeviceError
from drivers.bus.config import AnyBus, Line
from drivers.bus.exchange import Peer

REASONS: Final = {
    "timeout": "No answer from {peer} on {bus}: is it on, wired, at this address, {line}?",
    "garbled": "Only noise from {peer} on {bus}: check {line}, the wires' polarity, termination.",
    "crc": "A damaged answer from {peer} on {bus}: look for two devices with one address, "
    "bad wiring, missing termination.",
    "short": "Half an answer from {peer} on {bus}: check the wiring, or give it a longer timeout.",
    "parse": "{peer} on {bus} says what the pattern doesn't know: compare it with the manual.",
    "noise": "{bus} is never silent: look for a second master, or a device that babbles.",
}
"""By the word that stands in the record."""


def failure(reason: str, peer: Peer, bus: str, config: AnyBus) -> DeviceError:
    """Return the error of an exchange that got no right answer."""
    line = "at this host and port"
    if isinstance(config, Line):
        parity = (peer.parity or config.parity).replace("none", "no")
        line = f"{config.baudrate} baud, {parity} parity"
    return DeviceError(reason, REASONS[reason].format(peer=peer.name, bus=bus, line=line))
