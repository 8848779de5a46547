"""Which drivers there are: the entry points of the group ``aryk.drivers``, our own included."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from drivers.base import Driver, SensorConfig

GROUP: Final = "aryk.drivers"


class RegistryError(Exception):
    """The installation is broken: two distributions claim one name, or a driver can't be loaded."""


@cache
def _points() -> dict[str, dict[str, EntryPoint]]:
    """Return by name of driver and of distribution what is installed; reading it takes a while."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        distribution = point.dist.name if point.dist else "an unknown distribution"
        found.setdefault(point.name, {})[distribution] = point
    return found


def names() -> list[str]:
    """Return the names of all registered drivers, sorted; none of them is imported."""
    return sorted(_points())


def load(name: str) -> type[Driver]:
    """Import a driver's class.

    Raises:
        KeyError: no driver of this name is registered.
        RegistryError: several distributions register it, or it can't be imported, or it isn't a
            driver.
    """
    points = _points()[name]
    if len(points) > 1:
        raise RegistryError(
            f"{len(points)} distributions register the driver {name!r}: "
            f"{' and '.join(sorted(points))}. Uninstall all but one of them."
        )
    ((distribution, point),) = points.items()
    try:
        loaded = point.load()
    except (Exception, SystemExit) as error:  # whatever a third party's module does on import
        raise RegistryError(
            f"The driver {name!r} of {distribution} can't be imported: {_brief(error)}. "
            "Install it anew, or take its sensors out of the configuration."
        ) from error
    if fault := _fault(loaded):
        raise RegistryError(
            f"{point.value} of {distribution} is no driver: {fault}. Tell whoever wrote it, and "
            "take its sensors out of the configuration."
        )
    driver: type[Driver] = loaded
    return driver


def _brief(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _fault(loaded: object) -> str:
    """Return what keeps it from being a driver; empty where nothing does."""
    if not (isinstance(loaded, type) and issubclass(loaded, Driver)):
        return "it doesn't derive from drivers.base.Driver"
    if abstract := sorted(getattr(loaded, "__abstractmethods__", ())):
        return f"it lacks {', '.join(abstract)}"
    config = getattr(loaded, "Config", None)
    if not (isinstance(config, type) and issubclass(config, SensorConfig)):
        return "its Config doesn't derive from drivers.base.SensorConfig"
    return ""
