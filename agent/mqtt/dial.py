"""Opening a connection: name, socket, TLS, CONNECT; each failure as a sentence."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.config.model import Broker, Url
from agent.mqtt.reasons import BrokerError

KEEPALIVE: Final = 30
"""Seconds without a packet after which a ping goes out."""
LARGEST: Final = 64 * 1024
"""Bytes of the largest packet that the broker may send us."""

_PATIENCE: Final = 20.0  # of each address's TCP and TLS handshake, s

# OpenSSL's X509_V_ERR_*, as in x509_vfy.h.
_NOT_YET_VALID, _EXPIRED, _HOST, _ADDRESS = 9, 10, 62, 64


async def detached(job: Callable[[], None], late: Callable[[], None]) -> None:
    """Run a blocking job in a thread that nobody waits for at exit.

    asyncio joins its own threads when the process ends: a name server that hangs would hold it.

    Args:
        job: what to run.
        late: called in the event loop if the job is done when nobody waits for it any more.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def report(error: BaseException | None) -> None:
        if done.done():
            late()
        elif error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            job()
        except BaseException as raised:  # noqa: BLE001 - whatever it is goes to who waits for the job
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is gone: the process ends
            loop.call_soon_threadsafe(report, error)

    threading.Thread(target=run, name="dial", daemon=True).start()
    await done


def dial(client: Client, config: Broker, url: Url) -> None:
    """Connect and send CONNECT; blocks.

    Raises:
        BrokerError: with what was in the way. CONNECT was not sent then.
    """
    _identify(client, config)
    if url.tls:
        client.tls_set_context(_context(config))
    client.connect_timeout = _PATIENCE
    try:
        client.connect(url.host, url.port, KEEPALIVE, properties=_properties(config))
    except (socket.gaierror, UnicodeError) as unknown:
        why = unknown.strerror if isinstance(unknown, socket.gaierror) else "not a host name"
        raise BrokerError(
            f"{url.host} can't be looked up: {why}. Check the name, and this machine's network"
        ) from unknown
    except ssl.SSLError as error:
        raise tls_error(url, error) from error
    except OSError as error:
        raise BrokerError(
            f"{url} can't be reached: {error.strerror or error}. Check that a broker listens there"
        ) from error


def tls_error(url: Url, error: ssl.SSLError) -> BrokerError:
    """Return what a failed TLS handshake means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(url, error)
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if "wrong version number" in reason or "record layer" in reason:
        advice = "Check the port: it doesn't seem to speak TLS"
    elif "certificate required" in reason or "handshake failure" in reason:
        advice = "The broker may want the station's own: set certificate and key"
    elif "alert" in reason:
        advice = "The broker doesn't accept the station's certificate"
    else:
        advice = "The broker's log may say more"
    return BrokerError(f"no TLS with {url}: {reason}. {advice}", config=True)


def _untrusted(url: Url, error: ssl.SSLCertVerificationError) -> BrokerError:
    code = error.verify_code
    if code in (_HOST, _ADDRESS):
        advice = "Write the host in url as it stands in the broker's certificate"
    elif code in (_NOT_YET_VALID, _EXPIRED):
        advice = "Check this machine's clock; if it is right, have the broker's certificate renewed"
    else:
        advice = "Set ca to the certificate of the authority that signed the broker's"
    message = error.verify_message.rstrip(".")
    # A clock that isn't set yet says "not yet valid", and mends itself.
    return BrokerError(f"{url} isn't trusted: {message}. {advice}", config=code != _NOT_YET_VALID)


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
            password = _read("password_file", config.password_file).decode().strip()
        except UnicodeDecodeError as error:
            raise BrokerError(
                f"password_file {config.password_file} isn't UTF-8 text. Write the "
                "password into it",
                config=True,
            ) from error
    client.username_pw_set(config.username, password)


class _Socket(ssl.SSLSocket):
    """A socket that a failed handshake doesn't leave open: paho forgets it."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, or close."""
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _context(config: Broker) -> ssl.SSLContext:
    """Return a context that checks chain and host name: nothing here can turn that off."""
    authority = None
    if config.ca is not None:
        authority = _read("ca", config.ca)
    try:
        context = ssl.create_default_context(cadata=authority and authority.decode())
    except (ssl.SSLError, ValueError) as error:
        raise BrokerError(
            f"ca {config.ca} holds no certificate. It must be a PEM file, with BEGIN CERTIFICATE",
            config=True,
        ) from error
    context.sslsocket_class = _Socket
    if config.certificate is not None and config.key is not None:
        _read("certificate", config.certificate)
        _read("key", config.key)
        try:
            # The empty password keeps OpenSSL from asking for one at the terminal.
            context.load_cert_chain(config.certificate, config.key, password="")
        except ssl.SSLError as error:
            raise BrokerError(_unusable(config, error), config=True) from error
    return context


def _unusable(config: Broker, error: ssl.SSLError) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return (
            f"certificate {config.certificate} and key {config.key} don't belong together. "
            "Set the key that the certificate was made for"
        )
    return (
        f"certificate {config.certificate} and key {config.key} can't be used. Both must be PEM "
        "files, and the key without a passphrase"
    )


def _read(name: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BrokerError(
            f"{name} {path} can't be read: {error.strerror}. Have the file there, readable for the "
            "user that runs aryk",
            config=True,
        ) from error
