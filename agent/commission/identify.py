"""Who is that? What a device says of itself, and which model of the library it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agent.commission.library import Known, fits
from agent.commission.registers import arranged
from drivers.base import DeviceError
from drivers.modbus.device import Device
from drivers.modbus.library import Identity
from drivers.modbus.pdu import Query, identify, report

_OBJECTS: Final = {0: "maker", 1: "product", 2: "revision", 4: "product name", 5: "model"}
"""Modbus Application Protocol V1.1b3, section 6.21, table of objects."""
_MUTE: Final = 2
"""So many questions in a row without any answer, and a device isn't asked further ones."""


@dataclass(frozen=True, slots=True)
class Who:
    """What is known of a device.

    Attributes:
        texts: what it says of itself: by what is told, as ``maker``.
        model: the one of the library that it is, where that could be told.
        candidates: the models that it may be, where it couldn't.
        by: what told the model: the device's own words, or what its registers hold.
    """

    texts: tuple[tuple[str, str], ...] = ()
    model: Known | None = None
    candidates: tuple[Known, ...] = ()
    by: Literal["", "name", "registers"] = ""

    def same(self, other: "Who") -> bool:
        """Return whether nothing tells two devices from each other."""
        return (self.texts, self.model) == (other.texts, other.model)

    @property
    def title(self) -> str:
        """Return who it is, as far as is known."""
        if self.model is not None:
            return self.model.title
        if self.texts:
            return ", ".join(text for _, text in self.texts)
        return " or ".join(model.title for model in self.candidates)


class Questions:
    """The questions to one device.

    Its registers aren't asked any more where it leaves two questions in a row unanswered.
    """

    def __init__(self, device: Device) -> None:
        """Take the device."""
        self._device = device
        self._silent = 0
        self._read: dict[tuple[str, int, int], bytes] = {}

    async def ask(self, query: Query) -> bytes:
        """Return an answer's PDU; nothing where there is none: many know no such function."""
        try:
            return await self._device.ask(query)
        except DeviceError:
            return b""

    async def number(self, mark: Identity) -> int | None:
        """Return what a model's register holds, or None."""
        key = (mark.table, mark.place.start, mark.place.count)
        if key not in self._read:
            self._read[key] = await self._registers(*key)
        data = self._read[key]
        return int.from_bytes(arranged(data, mark.order)) if data else None

    async def _registers(self, table: str, register: int, count: int) -> bytes:
        if self._silent >= _MUTE:
            return b""
        try:
            data = await self._device.read(table, register, count)
        except DeviceError as error:
            self._silent = 0 if error.reason.startswith("exception-") else self._silent + 1
            return b""
        self._silent = 0
        return data


async def introduce(device: Device, library: Sequence[Known], address: int) -> Who:
    """Ask a device who it is; nothing is written to it.

    Args:
        device: on a bus that is patient: some take long to say it.
        library: the models that it may be.
        address: its address; models that have it by default are tried first.
    """
    questions = Questions(device)
    texts = (
        *_objects(await questions.ask(identify())),
        *_reported(await questions.ask(report())),
    )
    said = " ".join(text for _, text in texts)
    named = [model for model in library if model.named_in(said)]
    if len(named) == 1:
        return Who(texts, named[0], by="name")
    fitting = [m for m in named or library if m.marks and await _fits(questions, m, address)]
    most = max((len(model.marks) for model in fitting), default=0)
    fitting = [model for model in fitting if len(model.marks) == most]
    if len(fitting) == 1:
        return Who(texts, fitting[0], by="registers")
    return Who(texts, candidates=tuple(fitting))


async def _fits(questions: Questions, model: Known, address: int) -> bool:
    for mark in model.marks:
        holds = await questions.number(mark)
        if holds is None or not fits(mark, holds, address):
            return False
    return True


def _objects(pdu: bytes) -> list[tuple[str, str]]:
    """Return the objects of an answer to function 43/14, by name."""
    texts = []
    at = 7
    for _ in range(pdu[6] if len(pdu) > 6 else 0):
        number, length = pdu[at], pdu[at + 1]
        text = _printable(pdu[at + 2 : at + 2 + length])
        if text and number in _OBJECTS:
            texts.append((_OBJECTS[number], text))
        at += 2 + length
    return texts


def _reported(pdu: bytes) -> list[tuple[str, str]]:
    """Return the text in an answer to function 17; what it is made of, each maker decides."""
    text = _printable(pdu[2:])
    return [("reports", text)] if sum(map(str.isalnum, text)) > 2 else []


def _printable(data: bytes) -> str:
    text = "".join(chr(byte) if 32 <= byte < 127 else " " for byte in data)
    return " ".join(text.split())
