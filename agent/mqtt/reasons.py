"""What brokers say, as sentences for people: one on what is wrong, one on what to do."""

from typing import Final

NOBODY: Final = 0x10
"""Acknowledged, but nobody is subscribed (MQTT 5, 3.4.2.1)."""
FAILED: Final = 0x80
"""Reason codes from here on are refusals (MQTT 5, 2.4)."""
TOO_LARGE: Final = 0x95
"""The packet is larger than the broker takes; found here, so that it is never sent."""
NO_RETAIN: Final = 0x9A
"""The broker keeps no retained messages."""
NO_QOS_1: Final = 0x9B
"""The broker takes messages at QoS 0 only."""

_TAKEN_OVER: Final = 0x8E

# MQTT 5, 2.4, as far as CONNACK, PUBACK and DISCONNECT carry them.
_NAMES: Final = {
    0x80: "no reason given",
    0x81: "malformed packet",
    0x82: "protocol error",
    0x83: "the broker's own reasons",
    0x85: "client id not valid",
    0x86: "bad user name or password",
    0x87: "not authorized",
    0x88: "unavailable",
    0x89: "busy",
    0x8A: "banned",
    0x8B: "shutting down",
    0x8D: "keepalive timeout",
    0x90: "topic not valid",
    0x91: "packet id in use",
    0x93: "receive maximum exceeded",
    TOO_LARGE: "packet too large",
    0x96: "message rate too high",
    0x97: "quota exceeded",
    0x98: "administrative action",
    0x99: "payload not valid",
    NO_RETAIN: "retain not supported",
    NO_QOS_1: "QoS 1 not supported",
    0x9F: "connection rate exceeded",
    0xA0: "maximum connect time",
}

# Only a person can mend these, here or at the broker (MQTT 5, 3.2.2.2 and 3.14.2.1).
_FOR_A_PERSON: Final = frozenset(
    {0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C, _TAKEN_OVER, 0x90, 0x98, NO_QOS_1, 0x9C, 0x9D}
)

_CONNECTION: Final = {
    0x84: "the broker doesn't speak this version of MQTT. Set protocol = 3 for one without MQTT 5",
    0x85: "the broker doesn't accept the client id. Set client_id to one that it accepts",
    0x86: "the broker doesn't accept the user name or password. Check username and password_file",
    0x87: "the broker doesn't let this station in. Check username and password_file, and the "
    "broker's own rules",
    0x8A: "the broker has banned this station. Have its operator lift the ban",
    0x8C: "the broker wants an authentication that aryk doesn't have. Have it accept a user name "
    "and password, or a certificate",
    _TAKEN_OVER: "another client with the same client id took the connection over. Look for a copy "
    "of this station's memory card, and give each station its own id",
    0x90: "the broker doesn't accept the topic of the will. Check topic_root, and the "
    "broker's own rules",
    NO_QOS_1: "the broker doesn't take QoS 1, so it can't acknowledge. Allow QoS 1 there, or use "
    "another broker",
    0x9C: "the broker sends this station to another one. Ask its operator, and set url to that",
    0x9D: "the broker has moved. Ask its operator where to, and set url to that",
}

_MESSAGE: Final = {
    0x87: "this station may not write there. Have the broker allow it",
    0x90: "the topic isn't valid there. Check topic_root",
    TOO_LARGE: "the message is larger than the broker takes. Raise its maximum packet size, or try "
    'format = "cbor"',
    0x97: "a quota is used up. Have the broker raise it",
    0x99: "the broker doesn't accept the payload. Look for a rule there that checks it",
}


class BrokerError(Exception):
    """The broker can't be used now; the message is for the operator.

    Attributes:
        config: whether somebody has to change something, here or there, for it to work.
        code: the broker's reason code, where it gave one.
    """

    def __init__(self, sentence: str, *, config: bool = False, code: int | None = None) -> None:
        """Take the sentence."""
        super().__init__(sentence)
        self.config = config
        self.code = code


def refused_connection(code: int) -> BrokerError:
    """Return the error for a CONNACK that says no."""
    return _error(code, "the broker refuses the connection")


def ended_connection(code: int) -> BrokerError:
    """Return the error for a DISCONNECT from the broker."""
    return _error(code, "the broker ended the connection")


def refused_message(topic: str, code: int) -> str:
    """Return what to say of a topic (its first level) that the broker refuses."""
    why = _MESSAGE.get(code, f"{_name(code)}. Its own log may say more")
    return f"the broker refuses {topic}: {why} (0x{code:02x})"


def _error(code: int, what: str) -> BrokerError:
    sentence = _CONNECTION.get(code, f"{what}: {_name(code)}. Its own log may say more")
    return BrokerError(f"{sentence} (0x{code:02x})", config=code in _FOR_A_PERSON, code=code)


def _name(code: int) -> str:
    return _NAMES.get(code, "no reason that MQTT 5 knows")
