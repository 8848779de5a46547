"""The keys of an SDI-12 sensor."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Self

from annotated_types import Ge, Le, MinLen
from pydantic import AfterValidator, model_validator

from drivers.base import BusSensorConfig, Channel, Request
from drivers.fields import ChannelName
from drivers.text import TextChannel, check_companions

_ADDRESS: Final = re.compile(r"[0-9A-Za-z]")
_COMMAND: Final = re.compile(r"[MC][1-9]?|R[0-9]|V")


def check_address(text: str) -> str:
    """Return an address, unchanged.

    Raises:
        ValueError: it is none.
    """
    if _ADDRESS.fullmatch(text):
        return text
    raise ValueError('one of 0-9, A-Z, a-z in quotes, as "0"')


def _command(text: str) -> str:
    if _COMMAND.fullmatch(text):
        return text
    if re.fullmatch(r"[MCR]C[0-9]?", text):
        raise ValueError(f'"{text[0]}{text[2:]}", with crc = true beside it')
    raise ValueError("M, M1 to M9, C, C1 to C9, R0 to R9, or V")


Address = Annotated[str, AfterValidator(check_address)]
Command = Annotated[str, AfterValidator(_command)]


class Sdi12Channel(TextChannel):
    """``[sensor.<name>.channel.<name>]``: which value of which command, and what it means.

    Attributes:
        position: of the value, from 1.
        command: that gives it, where it isn't the sensor's.
    """

    position: Annotated[int, Ge(1), Le(99)]
    command: Command | None = None


class Sdi12Config(BusSensorConfig):
    """``[sensor.<name>]`` with ``driver = "sdi12"``."""

    address: Address
    command: Command = "M"
    crc: bool = False
    channel: Annotated[Mapping[ChannelName, Sdi12Channel], MinLen(1)]

    @model_validator(mode="after")
    def _accepted(self) -> Self:
        check_companions(self.channel)
        for name, channel in self.channel.items():
            command = channel.command or self.command
            if self.crc and command == "V":
                raise ValueError("crc = false with the command V: its values have no checksum")
            if command[0] in "MV" and channel.position > 9:
                raise ValueError(f"{name}: position up to 9, or a command C: M and V give no more")
        return self

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands of one poll, in the order of the file."""
        return tuple(dict.fromkeys(c.command or self.command for c in self.channel.values()))

    def channel_list(self) -> tuple[Channel, ...]:
        """Return the channels in the order of the file."""
        return tuple(Channel(name, channel.unit) for name, channel in self.channel.items())

    def requests(self) -> tuple[Request, ...]:
        """Return the commands of one poll, with the bytes of answers as long as they may be.

        How long a measurement takes, and how many data commands it needs, only the sensor says.
        """
        planned: list[Request] = []
        for command in self.commands:
            variant = f"{command[0]}C{command[1:]}" if self.crc else command
            text = f"{self.address}{variant}!"
            if command.startswith("R"):
                planned.append(Request(text, len(text), 81))
            else:
                data = 81 if command.startswith("C") else 41
                planned += [Request(text, len(text), 8), Request(f"{self.address}D0!", 4, data)]
        return tuple(planned)
