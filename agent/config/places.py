"""Where ``station.toml`` is looked for."""

import os
from pathlib import Path
from typing import Final

from agent.config.mistakes import ConfigError, Mistake

VARIABLE: Final = "ARYK_CONFIG"
PLACES: Final = (Path("station.toml"), Path("/etc/aryk/station.toml"))


def find(given: Path | None) -> Path:
    """Return which file is meant: the one given, ``$ARYK_CONFIG``, or the first that exists.

    Raises:
        ConfigError: none is given or named, and none is there.
    """
    if given is not None:
        return given
    if named := os.environ.get(VARIABLE):
        if not _stands(Path(named)):
            raise _none(Path(named), f"${VARIABLE} names this file, but it isn't there; correct it")
        return Path(named)
    for place in PLACES:
        if _stands(place):
            return place
    others = " nor ".join(map(str, PLACES[1:]))
    raise _none(
        PLACES[0], f"neither here nor {others}; name a file with -c, or begin with a sample"
    )


def _stands(place: Path) -> bool:
    """Return whether a file is there; one that may not be looked at is, and reading it says why."""
    try:
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _none(place: Path, hint: str) -> ConfigError:
    return ConfigError([Mistake(place, 0, "", hint=hint)])
