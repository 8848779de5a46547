"""The keys of an instrument that speaks in lines of text."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Final, Self

from annotated_types import Ge, Le, MinLen
from pydantic import AfterValidator, model_validator

from drivers.base import BusSensorConfig, Channel, Request
from drivers.fields import ChannelName, Period
from drivers.line.checksum import Checksum
from drivers.line.framing import EXPECTED, Form
from drivers.line.pattern import compile_pattern
from drivers.text import TextChannel, check_companions

_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([rnt\\]))|([^\\])", re.DOTALL)
_LETTERS: Final = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}


def unescaped(text: str) -> bytes:
    r"""Return the bytes of a text with the escapes ``\r``, ``\n``, ``\t``, ``\xhh`` and ``\\``.

    Raises:
        ValueError: it has others, or characters beyond ASCII.
    """
    matches = list(_ESCAPE.finditer(text))
    if sum(len(match[0]) for match in matches) != len(text) or not text.isascii():
        raise ValueError(r"ASCII characters, and \r \n \t \\ or \x03 for what has no key")
    characters = (m[3] or _LETTERS.get(m[2]) or chr(int(m[1], 16)) for m in matches)
    return "".join(characters).encode("latin-1")


def _bounded(most: int) -> AfterValidator:
    def check(text: str) -> str:
        if 1 <= len(unescaped(text)) <= most:
            return text
        raise ValueError(f"1 to {most} characters")

    return AfterValidator(check)


def _pattern(text: str) -> str:
    compile_pattern(text)
    return text


class LineConfig(BusSensorConfig):
    """``[sensor.<name>]`` with ``driver = "line"``."""

    poll: Annotated[str, _bounded(64)] | None = None
    terminator: Annotated[str, _bounded(4)] = r"\r\n"
    pattern: Annotated[str, AfterValidator(_pattern)]
    checksum: Checksum = "none"
    max_age: Period = 2.0
    skip: Annotated[int, Ge(0), Le(100)] = 0
    channel: Annotated[Mapping[ChannelName, TextChannel], MinLen(1)]

    @model_validator(mode="after")
    def _accepted(self) -> Self:
        check_companions(self.channel)
        groups = set(self.form.pattern.groupindex)
        if lacking := sorted(self.channel.keys() - groups):
            raise ValueError(f"a pattern with a group for {lacking[0]}, as (?P<{lacking[0]}>…)")
        if unused := sorted(groups - self.channel.keys()):
            raise ValueError(f"a table channel.{unused[0]}, or (?:…) in the pattern's place of it")
        if self.poll is not None and (
            unused := sorted({"max_age", "skip"} & self.model_fields_set)
        ):
            raise ValueError(f"{unused[0]} only without poll: it is for who speaks by himself")
        return self

    @cached_property
    def form(self) -> Form:
        """What a line must be."""
        return Form(unescaped(self.terminator), compile_pattern(self.pattern), self.checksum)

    @cached_property
    def request(self) -> bytes:
        """What is sent to have a line; nothing to an instrument that speaks by itself."""
        return b"" if self.poll is None else unescaped(self.poll)

    def channel_list(self) -> tuple[Channel, ...]:
        """Return the channels in the order of the file."""
        return tuple(Channel(name, channel.unit) for name, channel in self.channel.items())

    def requests(self) -> tuple[Request, ...]:
        """Return the one request of a poll, with the bytes of a usual line."""
        return (Request(self.poll or "(listens)", len(self.request), EXPECTED),)
