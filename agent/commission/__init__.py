"""The technician's hands: finding a device on a line, reading it, giving it an address.

The commands ``aryk scan``, ``aryk read`` and ``aryk address`` are thin; the work is here. Nothing
here writes to a device but :mod:`agent.commission.readdress`, because a person asked for it.
"""
