"""Virtual environments into which distributions are really installed, without a network."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

_PIP = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
_OFFLINE = ["--no-index", "--no-deps"]


def wheels(folder: Path, *sources: Path) -> list[Path]:
    """Build the wheels of distributions with the locked build backend."""
    build = [*_PIP, "wheel", *_OFFLINE, "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*build, *map(str, sources)], check=True, timeout=50)
    return sorted(folder.glob("*.whl"))


class Environment:
    """A virtual environment of its own; what isn't installed in it comes from this one."""

    def __init__(self, folder: Path, installed: Iterable[Path]) -> None:
        """Make it, and install wheels into it."""
        venv = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
        subprocess.run(venv, check=True, timeout=50)
        self._bin = folder / "bin"
        python = str(self._bin / "python")
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = folder / "lib" / version / "site-packages"
        ours = sysconfig.get_path("purelib")
        (packages / "behind.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
        install = [*_PIP, "--python", python, "install", *_OFFLINE, *map(str, installed)]
        subprocess.run(install, check=True, timeout=50)

    def run(
        self, program: str, *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of it to its end."""
        return subprocess.run(
            self.command(program, *arguments),
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            cwd=cwd,
            env=os.environ | dict(env or {}),
        )

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return the command that runs a program of it."""
        return [str(self._bin / program), *arguments]
