"""Opening a connection: name, socket, TLS, CONNECT; each failure as a sentence."""

import socket
import ssl
import sys
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.config.model import Broker, Url
from agent.mqtt.reasons import BrokerError
from agent.mqtt.tls import read_file, tls_context, tls_error

KEEPALIVE: Final = 30
"""Seconds without a packet after which a ping goes out."""
LARGEST: Final = 64 * 1024
"""Bytes of the largest packet that the broker may send us."""

_PATIENCE: Final = 20.0  # of each address's TCP and TLS handshake, s


def dial(client: Client, config: Broker, url: Url) -> None:
    """Connect and send CONNECT; blocks.

    Raises:
        BrokerError: with what was in the way of CONNECT.
    """
    _identify(client, config)
    if url.tls:
        client.tls_set_context(tls_context(config))
    client.connect_timeout = _PATIENCE
    logged: list[BaseException] = []
    client.on_log = lambda *_: logged.extend(filter(None, (sys.exception(),)))
    try:
        client.connect(url.host, url.port, KEEPALIVE, properties=_properties(config))
        if client.socket() is None:  # paho only logs it when CONNECT can't be sent
            raise logged[-1] if logged else ConnectionError("it hung up at once")
    except (OSError, UnicodeError) as error:
        raise _in_the_way(url, error) from error


def _in_the_way(url: Url, error: OSError | UnicodeError) -> BrokerError:
    if isinstance(error, ssl.SSLError):
        return tls_error(url, error)
    if isinstance(error, socket.gaierror | UnicodeError):
        why = error.strerror if isinstance(error, socket.gaierror) else "not a host name"
        advice = "Check the name, and this machine's network"
        return BrokerError(f"{url.host} can't be looked up: {why}. {advice}")
    why = error.strerror or str(error)
    return BrokerError(f"{url} can't be reached: {why}. Check that a broker listens there")


def _properties(config: Broker) -> Properties | None:
    if config.protocol != 5:
        return None
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = LARGEST
    return properties


def _identify(client: Client, config: Broker) -> None:
    if config.username is None:
        return
    password = None
    if config.password_file is not None:
        try:
            password = read_file("password_file", config.password_file).decode().strip()
        except UnicodeDecodeError as error:
            raise BrokerError(
                f"password_file {config.password_file} isn't UTF-8 text. Write the "
                "password into it",
                config=True,
            ) from error
    client.username_pw_set(config.username, password)
