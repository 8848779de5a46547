"""The one door to pymodbus: what is asked, and the names of exceptions."""

from dataclasses import dataclass
from typing import Final

from pymodbus.constants import ExcCodes
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.mei_message import ReadDeviceInformationRequest
from pymodbus.pdu.other_message import ReportDeviceIdRequest
from pymodbus.pdu.pdu import ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteSingleRegisterRequest,
)

_READS: Final = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest,
    "input": ReadInputRegistersRequest,
}
_HEADS: Final = {0x11: 2, 0x2B: 7}
"""Bytes of an answer of unknown length, up to where its length stands."""


@dataclass(frozen=True, slots=True)
class Query:
    """A request, and what its right answer looks like.

    Attributes:
        pdu: the request.
        head: how the answer's PDU begins.
        length: bytes of the answer's PDU; 0 where the answer itself tells.
    """

    pdu: bytes
    head: bytes
    length: int = 0

    def needs(self, pdu: bytes) -> int:
        """Return how many bytes an answer that begins so has, as far as it tells yet.

        Modbus Application Protocol V1.1b3, sections 6.13 and 6.21.
        """
        if self.length:
            return self.length
        at = _HEADS[self.head[0]]
        if len(pdu) < at:
            return at
        if self.head[0] == 0x11:
            return at + pdu[1]
        for _ in range(pdu[6]):  # objects: number, length, text
            if len(pdu) < at + 2:
                return at + 2
            at += 2 + pdu[at + 1]
        return at


def _bytes(request: ModbusPDU) -> bytes:
    return bytes([request.function_code]) + request.encode()


def read(table: str, start: int, count: int) -> Query:
    """Ask for ``count`` registers or bits of a table."""
    pdu = _bytes(_READS[table](address=start, count=count))
    payload = (count + 7) // 8 if table in ("coil", "discrete") else 2 * count
    return Query(pdu, bytes([pdu[0], payload]), payload + 2)


def write(register: int, value: int) -> Query:
    """Ask to write one holding register; the answer is the request again."""
    pdu = _bytes(WriteSingleRegisterRequest(address=register, registers=[value]))
    return Query(pdu, pdu, len(pdu))


def identify() -> Query:
    """Ask for maker, product and revision (function 43/14, basic)."""
    pdu = _bytes(ReadDeviceInformationRequest(read_code=1, object_id=0))
    return Query(pdu, pdu[:2])


def report() -> Query:
    """Ask for the device's identity (function 17)."""
    pdu = _bytes(ReportDeviceIdRequest())
    return Query(pdu, pdu)


def exception_sentence(code: int) -> str:
    """Return what an exception of a device says, and what to do."""
    if code == 2:
        return "The device has no such register: check the register numbers."
    try:
        name = ExcCodes(code).name.lower().replace("_", " ")
    except ValueError:
        name = "one that the standard doesn't know"
    return f"The device answered with exception {code} ({name}): see its manual."
