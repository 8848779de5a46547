"""How a command reaches the running agent: a Unix socket beside the store.

It is for the agent's own user and group (mode 0660), never for a network. A command sends one line
of JSON and gets one back: ``{"do": "read", "sensors": ["radar"]}``, then ``{"answers": [...]}`` or
``{"error": "a sentence"}``.
"""

from agent.control.client import ControlError, read, runs
from agent.control.protocol import Said, path_of
from agent.control.server import serve

__all__ = ["ControlError", "Said", "path_of", "read", "runs", "serve"]
