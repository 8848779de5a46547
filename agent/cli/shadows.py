"""Whether another distribution is in the way of ours.

The import names ``agent`` and ``drivers`` are common; of two distributions that bring one of them,
the one installed last overwrites the other's files without a word. This lives apart from what it
guards, and knows only the standard library.
"""

from collections.abc import Iterator
from importlib.metadata import packages_distributions
from typing import Final

_OURS: Final = ("agent", "drivers")


def shadows() -> Iterator[str]:
    """Yield a sentence for each import name of ours that another distribution also installs."""
    owners = packages_distributions()
    for package in _OURS:
        others = sorted({owner for owner in owners.get(package, []) if owner != "aryk"})
        if others:
            yield (
                f"The distribution {', '.join(others)} also installs a package named {package!r}, "
                "so files of the two may be mixed. Install aryk in an environment of its own."
            )
