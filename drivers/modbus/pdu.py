"""The one door to pymodbus: requests and the names of exceptions."""

from typing import Final

from pymodbus.constants import ExcCodes
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

_READS: Final = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest,
    "input": ReadInputRegistersRequest,
}


def read_request(table: str, start: int, count: int) -> bytes:
    """Return the PDU that reads ``count`` registers or bits of a table."""
    request = _READS[table](address=start, count=count)
    return bytes([request.function_code]) + request.encode()


def exception_sentence(code: int) -> str:
    """Return what an exception of a device says, and what to do."""
    if code == 2:
        return "The device has no such register: check the register numbers."
    try:
        name = ExcCodes(code).name.lower().replace("_", " ")
    except ValueError:
        name = "one that the standard doesn't know"
    return f"The device answered with exception {code} ({name}): see its manual."
