"""TLS with a broker: what is trusted, what is shown, and what went wrong, as sentences."""

import contextlib
import ssl
from pathlib import Path
from typing import Any

from agent.config.model import Broker, Url
from agent.mqtt.reasons import BrokerError

# OpenSSL's X509_V_ERR_*, as in x509_vfy.h.
_NOT_YET_VALID, _EXPIRED, _HOST, _ADDRESS = 9, 10, 62, 64


def read_file(name: str, path: str) -> bytes:
    """Return the content of a file that a key of the broker's table names.

    Raises:
        BrokerError: it can't be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BrokerError(
            f"{name} {path} can't be read: {error.strerror}. Have the file there, readable for the "
            "user that runs aryk",
            config=True,
        ) from error


class _Socket(ssl.SSLSocket):
    """A socket that tells what paho would miss."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, or close: paho forgets a socket that can't."""
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise

    def send(self, data: Any, flags: int = 0) -> int:
        """Send, or fail with the alert that the broker closed the connection with."""
        try:
            return super().send(data, flags)
        except (ssl.SSLEOFError, BrokenPipeError, ConnectionResetError):
            with contextlib.suppress(ssl.SSLWantReadError):
                self.recv(1)
            raise


def tls_context(config: Broker) -> ssl.SSLContext:
    """Return a context that checks chain and host name: nothing here can turn that off."""
    if config.ca is None:
        context = ssl.create_default_context()
    else:
        context = _trusting(config.ca, read_file("ca", config.ca))
    context.sslsocket_class = _Socket
    if config.certificate is not None and config.key is not None:
        read_file("certificate", config.certificate)
        read_file("key", config.key)
        try:
            # The empty password keeps OpenSSL from asking for one at the terminal.
            context.load_cert_chain(config.certificate, config.key, password="")
        except ssl.SSLError as error:
            raise BrokerError(_unusable(config, error), config=True) from error
    return context


def _trusting(path: str, authority: bytes) -> ssl.SSLContext:
    error: ValueError | ssl.SSLError | None = None
    if authority:  # with nothing here, Python would trust the system's authorities
        try:
            return ssl.create_default_context(cadata=authority.decode())
        except (ssl.SSLError, ValueError) as unusable:
            error = unusable
    raise BrokerError(
        f"ca {path} holds no certificate. It must be a PEM file, with BEGIN CERTIFICATE",
        config=True,
    ) from error


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


def tls_error(url: Url, error: ssl.SSLError) -> BrokerError:
    """Return what a failed TLS handshake means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(url, error)
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if "wrong version number" in reason or "record layer" in reason:
        advice = "Check the port: it doesn't seem to speak TLS"
    elif "certificate required" in reason or "handshake failure" in reason:
        advice = "The broker may want the station's own: set certificate and key"
    elif "alert" in reason and ("certificate" in reason or "unknown ca" in reason):
        advice = "The broker doesn't accept the station's certificate"
    else:
        advice = "The broker's log may say more"
    cut = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    return BrokerError(f"no TLS with {url}: {reason}. {advice}", config=not cut)


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
