"""The command ``aryk``: a file a command, imported only when it is asked for."""

import importlib
from types import MappingProxyType
from typing import Any, Final

import click

_COMMANDS: Final = MappingProxyType(
    {
        "check": "Validate the configuration and print the read plan.",
        "run": "Run the station until SIGTERM or SIGINT.",
        "devices": "List the instruments that are known, or show one.",
        "demo": "Show the whole product with a simulated station.",
        "simulate": "Run simulated instruments.",
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
        except Exception as error:  # told apart by name: importing the class costs pydantic
            from agent.config.mistakes import ConfigError  # noqa: PLC0415  only on this path

            if not isinstance(error, ConfigError):
                raise
            click.echo(str(error), err=True)
            ctx.exit(_EX_CONFIG)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="aryk")
def main() -> None:
    """Read the gauges of a water channel, keep what they say, and publish it over MQTT."""
