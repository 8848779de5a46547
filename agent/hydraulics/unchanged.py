"""That a version which was used once stays what it was."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def objection(used: Mapping[str, Any], written: Mapping[str, Any], now: int) -> str | None:
    """Return what is wrong with the content of a version that was used before; None where nothing.

    Args:
        used: its content when it was used, from :meth:`Derived.content`.
        written: its content in the file.
        now: ms UTC; shifts may be appended that are still to come.
    """
    for key in sorted((used.keys() | written.keys()) - {"shifts"}):
        if used.get(key) != written.get(key):
            return (
                f"it was used with {_said(key, used)} and now has {_said(key, written)}; "
                "write the change as a version of its own"
            )
    before, after = used.get("shifts", []), written.get("shifts", [])
    if after[: len(before)] != before:
        return "shifts that were used have changed; append another one instead"
    for shift in after[len(before) :]:
        if datetime.fromisoformat(shift["from"]).timestamp() * 1000 <= now:
            return (
                f"a shift was appended from {shift['from']} on, which is past; let it begin later"
            )
    return None


def _said(key: str, content: Mapping[str, Any]) -> str:
    return f"{key} = {content[key]}" if key in content else f"no {key}"
