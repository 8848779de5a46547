"""Field types that the tables of ``station.toml`` share: frozen tables, names, durations.

A validator's message says what is accepted; what was found, and where, is added by the reader of
the file.
"""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError

_SECONDS: Final = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?) ?(ms|s|min|h|d)")
_BYTES: Final = {"kB": 10**3, "MB": 10**6, "GB": 10**9}
_SIZE: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?) ?(kB|MB|GB)")
_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
_CHANNEL_NAME: Final = re.compile(r"[a-z0-9_]{1,64}")
_WORD: Final = re.compile(r"[a-z0-9-]{1,32}")
_HOST: Final = re.compile(r"[A-Za-z0-9_.:%-]+")
_NUMERIC: Final = re.compile(r"[0-9.]*|.*:.*")
_PATH: Final = re.compile(r"[^\0]+")


class Table(BaseModel):
    """A table of ``station.toml``: immutable, strict about keys and types, its numbers finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def wrong_key(key: str, accepted: str) -> PydanticCustomError:
    """Return what a validator of a whole table raises, so that the mistake has the key's line.

    Args:
        key: the key that is wrong or missing; one of an inner table with dots.
        accepted: what may stand there.
    """
    return PydanticCustomError("wrong_key", "{accepted}", {"key": key, "accepted": accepted})


def parse_duration(text: object) -> float:
    """Return the seconds of a duration such as ``"15 min"``.

    Raises:
        ValueError: the text is not a number and one of the units ms, s, min, h, d.
    """
    if isinstance(text, str) and (match := _DURATION.fullmatch(text.strip())):
        return float(match[1]) * _SECONDS[match[2]]
    raise ValueError('a number and a unit, as "500 ms", "60 s", "15 min", "6 h" or "2 d"')


def format_duration(seconds: float) -> str:
    """Return a duration as a person would write it: ``"500 ms"``, ``"15 min"``."""
    for unit in ("d", "h", "min", "s"):
        number = seconds / _SECONDS[unit]
        if number >= 1 and number.is_integer():
            return f"{number:.0f} {unit}"
    return f"{seconds:.12g} s" if seconds >= 1 else f"{seconds * 1000:.12g} ms"


def parse_size(text: object) -> int:
    """Return the bytes of a size such as ``"512 MB"``.

    Raises:
        ValueError: the text is not a number and one of the units kB, MB, GB (powers of 1000).
    """
    if isinstance(text, str) and (match := _SIZE.fullmatch(text.strip())):
        return round(float(match[1]) * _BYTES[match[2]])
    raise ValueError('a number and a unit, as "64 MB", "512 MB" or "4 GB"')


def _within(low: float, high: float) -> AfterValidator:
    def check(seconds: float) -> float:
        if low <= seconds <= high:
            return seconds
        raise ValueError(f'"{format_duration(low)}" to "{format_duration(high)}"')

    return AfterValidator(check)


def _matching(pattern: re.Pattern[str], accepted: str) -> AfterValidator:
    def check(text: str) -> str:
        if pattern.fullmatch(text):
            return text
        raise ValueError(accepted)

    return AfterValidator(check)


def _in_its_folder(path: str, info: ValidationInfo) -> str:
    return str(Path((info.context or {}).get("folder", "")) / path)


def check_host(text: str) -> str:
    """Return a host name or an IP address, unchanged.

    Raises:
        ValueError: it is neither; looking it up would fail in some other way than "not found".
    """
    try:
        if _NUMERIC.fullmatch(text):
            ipaddress.ip_address(text)
        written = _HOST.fullmatch(text.encode("idna").decode())
    except ValueError:  # UnicodeError is one
        written = None
    if written is None:
        raise ValueError('a host name or an address, as "plc.example.org" or "192.0.2.10"')
    return text


Duration = Annotated[float, BeforeValidator(parse_duration)]
"""Seconds, written as text with a unit."""

Period = Annotated[Duration, _within(0.01, 86400.0)]
"""Seconds from one poll to the next."""

Timeout = Annotated[Duration, _within(0.001, 60.0)]
"""Seconds to wait for a device."""

Pause = Annotated[Duration, _within(0.0, 60.0)]
"""Seconds of extra silence on a wire."""

Size = Annotated[int, BeforeValidator(parse_size)]
"""Bytes, written as text with a unit."""

Name = Annotated[str, _matching(_NAME, "1 to 64 of a-z 0-9 -")]
"""A station, broker, bus or sensor name: it becomes a topic level."""

PathText = Annotated[str, _matching(_PATH, "a path")]
"""A path as it stands."""

File = Annotated[PathText, AfterValidator(_in_its_folder)]
"""A path; a relative one starts from the configuration's own folder, where that is known."""

ChannelName = Annotated[str, _matching(_CHANNEL_NAME, "1 to 64 of a-z 0-9 _")]
"""A channel name: it becomes a field name elsewhere, so it has no hyphen."""

Word = Annotated[str, _matching(_WORD, "1 to 32 of a-z 0-9 -")]
"""Why a value isn't good, for the record: one word, as ``weak-echo``."""

Host = Annotated[str, AfterValidator(check_host)]
"""A host name or an IP address."""
