"""Which drivers there are: the entry points of the group ``aryk.drivers``, our own included."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points, packages_distributions
from typing import Final

from drivers.base import Driver

GROUP: Final = "aryk.drivers"


class RegistryError(Exception):
    """The installation is broken: two distributions claim one name, or a driver can't be loaded."""


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "an unknown distribution"


def _points() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        other = found.setdefault(point.name, point)
        if _distribution(other) != _distribution(point):
            raise RegistryError(
                f"Two distributions register the driver {point.name!r}: {_distribution(other)} "
                f"and {_distribution(point)}. Uninstall one of them."
            )
    return found


def names() -> list[str]:
    """Return the names of all registered drivers, sorted; none of them is imported.

    Raises:
        RegistryError: two distributions register one name.
    """
    return sorted(_points())


def load(name: str) -> type[Driver]:
    """Import a driver's class.

    Raises:
        KeyError: no driver of this name is registered.
        RegistryError: it can't be imported, or isn't a driver.
    """
    point = _points()[name]
    try:
        loaded = point.load()
    except Exception as error:  # whatever a third party's module raises while it is imported
        raise RegistryError(
            f"The driver {name!r} of {_distribution(point)} can't be imported: {error}. "
            "Install it anew, or take its sensors out of the configuration."
        ) from error
    if not (isinstance(loaded, type) and issubclass(loaded, Driver)):
        raise RegistryError(f"{point.value} of {_distribution(point)} isn't a drivers.base.Driver.")
    return loaded


def shadows() -> Iterator[str]:
    """Yield a sentence for each import name of ours that another distribution also installs.

    The names ``agent`` and ``drivers`` are common; whoever is installed last overwrites the
    other's files without a word.
    """
    owners = packages_distributions()
    for package in ("agent", "drivers"):
        others = sorted({owner for owner in owners.get(package, []) if owner != "aryk"})
        if others:
            yield (
                f"The distribution {', '.join(others)} also installs a package named {package!r}, "
                "so files of the two may be mixed. Install aryk in an environment of its own."
            )
