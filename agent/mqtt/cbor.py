"""The little of CBOR (RFC 8949) that a SenML pack needs."""

import struct


def head(major: int, number: int) -> bytes:
    """Return the head of an item: its major type and a number of up to 64 bits."""
    kind = major << 5
    if number < 24:
        return bytes((kind | number,))
    if number < 1 << 8:
        return struct.pack(">BB", kind | 24, number)
    if number < 1 << 16:
        return struct.pack(">BH", kind | 25, number)
    if number < 1 << 32:
        return struct.pack(">BI", kind | 26, number)
    return struct.pack(">BQ", kind | 27, number)


def integer(number: int) -> bytes:
    """Return a whole number."""
    return head(0, number) if number >= 0 else head(1, -1 - number)


def text(words: str) -> bytes:
    """Return a text."""
    encoded = words.encode()
    return head(3, len(encoded)) + encoded


def real(number: float) -> bytes:
    """Return a number as the shortest float that is exactly it."""
    for prefix, form in ((b"\xf9", ">e"), (b"\xfa", ">f")):
        try:
            packed = struct.pack(form, number)
        except OverflowError:
            continue
        if struct.unpack(form, packed)[0] == number:
            return prefix + packed
    return b"\xfb" + struct.pack(">d", number)
