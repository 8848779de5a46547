"""The command ``aryk``: a file a command, imported only when it is asked for."""

import importlib
import io
import sys
from types import MappingProxyType
from typing import Any, Final

import click

_COMMANDS: Final = MappingProxyType(
    {
        "check": "Validate the configuration and print the read plan.",
        "read": "Ask the sensors now, or any registers of a device.",
        "scan": "Find the devices on a line, and what they are.",
        "address": "Give a device another address; asks first.",
        "run": "Run the station until SIGTERM or SIGINT.",
        "devices": "List the instruments that are known, or show one.",
        "demo": "Show the whole product with a simulated station.",
        "simulate": "Run simulated instruments.",
        "audit": "Prove that everything arrived, or name what is missing.",
        "watch": "Show a live table of a station's readings.",
    }
)
_EX_CONFIG: Final = 78  # sysexits.h


class _Lazy(click.Group):
    """A group that lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click passes it
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click passes it
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(importlib.import_module(f"agent.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click passes it
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ImportError as error:
            sentences = _mixed(error)
            if not sentences:
                raise
            click.echo("\n".join(sentences), err=True)
            ctx.exit(1)
        except Exception as error:  # the class is imported where it is raised: it costs pydantic
            mistakes = sys.modules.get("agent.config.mistakes")
            if mistakes is None or not isinstance(error, mistakes.ConfigError):
                raise
            click.echo(str(error), err=True)
            ctx.exit(_EX_CONFIG)


def _mixed(error: ImportError) -> list[str]:
    """Return why something of ours can't be imported, where another distribution is in its way."""
    from agent.cli.shadows import shadows  # noqa: PLC0415  only on this path

    return list(shadows()) if (error.name or "").split(".")[0] in {"agent", "drivers"} else []


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="aryk")
def main() -> None:
    """Read the gauges of a water channel, keep what they say, and publish it over MQTT."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal without UTF-8 gets question marks
        sys.stdout.reconfigure(errors="replace")
