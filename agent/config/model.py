"""The tables of ``station.toml`` that are the agent's own; each driver brings its own."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from drivers.fields import (
    Duration,
    File,
    Name,
    Size,
    Table,
    check_host,
    parse_duration,
    parse_size,
    wrong_key,
)

_LEAST: Final = 8_000_000  # bytes: less is taken up by the WAL and the ballast
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}  # as registered with IANA


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('a name of the IANA time zone database, as "Asia/Bishkek"') from None
    return name


class Station(Table):
    """``[station]``: what the station is, for the topics and for people."""

    id: Name
    name: str = ""
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    latitude: Annotated[float, Ge(-90), Le(90)] | None = None
    longitude: Annotated[float, Ge(-180), Le(180)] | None = None
    elevation: Annotated[float, Ge(-500), Le(9000)] | None = None
    codes: Mapping[str, str] = Field(default_factory=dict)


def _room(size: int) -> int:
    if size < _LEAST:
        raise ValueError('"8 MB" or more')
    return size


class StoreTable(Table):
    """``[store]``: where the log is kept, and how much room it may take with all of its files."""

    path: File = "/var/lib/aryk/station.db"
    max_size: Annotated[Size, AfterValidator(_room)] = 512_000_000


@dataclass(frozen=True, slots=True)
class Url:
    """Where a broker listens."""

    scheme: str
    host: str
    port: int

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted and checked."""
        return self.scheme == "mqtts"

    def __str__(self) -> str:
        """Return the URL as written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def _urls(found: object) -> tuple[Url, ...]:
    texts = found if isinstance(found, list) else [found]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError('"mqtts://host:port", or a list of such URLs')
    return tuple(_url(str(text)) for text in texts)


def _url(text: str) -> Url:
    try:
        parts = urlsplit(text)
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
    except (ValueError, KeyError):
        port = 0
    if not port or not parts.hostname:
        raise ValueError('"mqtt://host:port" or "mqtts://host:port", the port from 1 to 65535')
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL without a user: write username and password_file beside it")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("a URL that ends after the port: write topic_root for another topic")
    return Url(parts.scheme, check_host(parts.hostname), port)


def _topic_root(text: str) -> str:
    levels = text.split("/")
    if all(levels) and not set("+#$") & set(text) and text.isprintable():
        return text
    raise ValueError("topic levels without + # $, with single slashes between them")


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    raise ValueError("a text without control characters")


def _latest(found: object) -> float | None:
    if found == "off":
        return None
    with contextlib.suppress(ValueError):
        if 0.01 <= (seconds := parse_duration(found)) <= 86400:
            return seconds
    raise ValueError('"10 ms" to "1 d", or "off"')


# MQTT allows 65,535 bytes of either; what is longer than this is a mistake.
_Identity = Annotated[str, MinLen(1), MaxLen(1024), AfterValidator(_printable)]


def _rate(found: object) -> float | None:
    """Return bytes a second, or None for ``unlimited``."""
    if found in ("unlimited", None):
        return None
    if isinstance(found, str) and found.endswith("/s"):
        with contextlib.suppress(ValueError):
            if (rate := parse_size(found.removesuffix("/s"))) >= 100:
                return float(rate)
    raise ValueError('"unlimited", or bytes a second as "2 kB/s", at least "0.1 kB/s"')


def _start(found: object) -> object:
    """Return ``all``, ``now``, or a time as ms UTC."""
    if found in ("all", "now"):
        return found
    try:
        time = datetime.fromisoformat(found) if isinstance(found, str) else found
    except ValueError:
        time = None
    if isinstance(time, datetime) and time.tzinfo is not None:
        return round(time.timestamp() * 1000)
    raise ValueError('"all", "now" or a time with its offset, as 2026-07-12T08:00:00+06:00')


class Broker(Table):
    """``[broker.<name>]``: one that gets every record, with a place of its own in the store."""

    url: Annotated[tuple[Url, ...], BeforeValidator(_urls)]
    ca: File | None = None
    certificate: File | None = None
    key: File | None = None
    username: _Identity | None = None
    password_file: File | None = None
    client_id: _Identity | None = None
    topic_root: Annotated[str, MaxLen(256), AfterValidator(_topic_root)] = "aryk"
    format: Literal["json", "cbor"] = "json"
    compress: bool = False
    latest: Annotated[float | None, BeforeValidator(_latest)] = 10.0
    ledger: Annotated[Duration, Ge(1.0), Le(86400.0)] = 30.0
    rate: Annotated[float | None, BeforeValidator(_rate)] = None
    start: Annotated[Literal["all", "now"] | int, BeforeValidator(_start)] = "all"
    protocol: Literal[3, 5] = 5

    @model_validator(mode="after")
    def _together(self) -> Self:
        tls = any(url.tls for url in self.url)
        for key in ("ca", "certificate", "key"):
            if getattr(self, key) and not tls:
                raise wrong_key(key, f"no {key}, unless url begins with mqtts://")
        if self.key and not self.certificate:
            raise wrong_key("certificate", "the certificate that belongs to key")
        if self.certificate and not self.key:
            raise wrong_key("key", "the key that belongs to certificate")
        if self.password_file and not self.username:
            raise wrong_key("username", "the user whose password it is")
        return self
