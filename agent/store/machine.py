"""Which machine this is: so that the store on a copied card is known for a copy.

The board's serial number from the device tree, as every Raspberry Pi has one; else the permanent
addresses of the network adapters. Where there is neither, nothing can be said, and no copy is
noticed this way.
"""

from pathlib import Path
from typing import Final

_SYSTEM: Final = Path("/sys")
_SERIAL: Final = "firmware/devicetree/base/serial-number"
_PERMANENT: Final = "0"  # addr_assign_type, Documentation/ABI/testing/sysfs-class-net


def machine(system: Path = _SYSTEM) -> frozenset[str]:
    """Return what tells this machine from others; empty where nothing does."""
    serial = _text(system / _SERIAL).strip("\0")
    if serial.strip("0"):
        return frozenset({f"board {serial}"})
    return frozenset(
        f"network {address}"
        for adapter in system.glob("class/net/*")
        if (adapter / "device").exists()
        and _text(adapter / "addr_assign_type") == _PERMANENT
        and (address := _text(adapter / "address")).strip("0:")
    )


def elsewhere(then: frozenset[str], now: frozenset[str]) -> bool:
    """Return whether two fingerprints are certainly of two machines.

    One adapter of several is enough to know a machine again: others come and go.
    """
    return bool(then) and bool(now) and not then & now


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""
