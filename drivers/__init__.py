"""Instruments and the wires they hang on.

A driver is a class that another distribution can register under the entry-point group
``aryk.drivers``; see :mod:`drivers.base` for its whole interface. Nothing here knows of the
``agent`` package.
"""
