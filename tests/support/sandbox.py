"""A sandbox that forbids to ask the kernel about its clock, as systemd's ProtectClock= does."""

import ctypes
import errno
import platform
import struct
from typing import Final

# adjtimex and clock_adjtime, by architecture: the kernel's unistd tables.
_CALLS: Final = {"x86_64": (159, 305), "aarch64": (171, 266)}

_SET_NO_NEW_PRIVS, _SET_SECCOMP, _MODE_FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h
_ERRNO, _ALLOW = 0x00050000, 0x7FFF0000  # linux/seccomp.h


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def can_forbid() -> bool:
    """Return whether the numbers of this machine's calls are known."""
    return platform.machine() in _CALLS


def forbid_clock_calls() -> None:
    """Let adjtimex(2) and clock_adjtime(2) fail with EPERM in this process, from now on."""
    first, second = _CALLS[platform.machine()]
    instructions = [
        (_LOAD, 0, 0, 0),
        (_IF_EQUAL, 1, 0, first),
        (_IF_EQUAL, 0, 1, second),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = b"".join(struct.pack("=HBBI", *each) for each in instructions)
    program = _Program(len(instructions), code)
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in (
        (_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "prctl")
