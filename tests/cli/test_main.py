import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from agent.cli import main
from tests.support.processes import ARYK

ROOT = Path(__file__).parents[2]

# What costs time to import. The configuration knows the buses' tables, so it brings the bus, and
# that asyncio and structlog, which imports rich wherever it is installed.
HEAVY = {"aiomqtt", "amqtt", "asyncio", "paho", "pydantic", "pymodbus", "rich", "sqlite3"}


def imported(*arguments: str) -> set[str]:
    """Return which heavy packages a command imports, from beginning to end."""
    program = (
        "import sys\n"
        "from agent.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return HEAVY & set(done.stderr.split())


def test_help_lists_the_commands() -> None:
    done = subprocess.run([ARYK, "--help"], capture_output=True, text=True, check=True, timeout=30)
    assert re.findall(r"(?m)^  (\w+)  ", done.stdout) == main.list_commands(click.Context(main))


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["nonsense"], set()),
        (["simulate", "tcp", "--help"], {"asyncio"}),
        (["check", "-c", "/nowhere"], {"asyncio", "pydantic", "rich"}),
        (["check", "-c", str(ROOT / "config/station.toml")], {"asyncio", "pydantic", "rich"}),
        (["watch", "--help"], {"asyncio", "aiomqtt", "paho", "rich"}),
        (["demo", "--help"], {"asyncio", "aiomqtt", "paho", "rich", "sqlite3"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_imports_only_what_it_needs(arguments: list[str], needed: set[str]) -> None:
    assert imported(*arguments) <= needed


def test_an_unknown_command_is_wrong_usage() -> None:
    done = subprocess.run(
        [ARYK, "nonsense"], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 2
    assert "No such command" in done.stderr
