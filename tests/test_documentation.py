"""What the documentation says can be typed, and is whole."""

import re
import shlex
from pathlib import Path

import click
import pytest

from agent.cli import main
from agent.config import load
from drivers import registry

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("d*/**/README.md")]
COMMANDS = (ROOT / "docs" / "commands.md").read_text()

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", page.read_text())


def commands() -> dict[str, click.Command]:
    context = click.Context(main)
    names = main.list_commands(context)
    return {name: command for name in names if (command := main.get_command(context, name))}


def options(command: click.Command) -> set[str]:
    """Return the options of a command, and of the commands below it."""
    found = {
        name for each in command.params if isinstance(each, click.Option) for name in each.opts
    }
    if isinstance(command, click.Group):
        found |= set().union(*map(options, command.commands.values()))
    return found


def section(name: str) -> str:
    (text,) = re.findall(rf"(?ms)^## aryk {name}\n(.*?)(?=^## |\Z)", COMMANDS)
    return text


def test_each_command_has_its_section_in_order() -> None:
    assert re.findall(r"(?m)^## aryk (\w+)$", COMMANDS) == list(commands())


@pytest.mark.parametrize("name", commands())
def test_each_option_of_a_command_stands_in_its_section(name: str) -> None:
    documented = set(re.findall(r"(?<![\w-])--?\w[\w-]*", section(name)))
    assert options(commands()[name]) <= documented
    assert documented - options(commands()[name]) <= {"-c"} & documented


@each_page
def test_what_a_page_types_is_right_usage(page: Path) -> None:
    for line in "".join(blocks(page, "console")).splitlines():
        if match := re.match(r"(?:\S*/)?aryk (.*)", line):
            words = shlex.split(match[1], comments=True)
            command: click.Command | None = main
            while isinstance(command, click.Group):
                command = command.get_command(click.Context(command), words.pop(0))
            assert command is not None, line
            command.make_context(command.name, words)


@each_page
def test_a_station_on_a_page_is_a_right_configuration(page: Path, tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    for text in blocks(page, "toml"):
        if re.search(r"(?m)^\[?station\b", text):  # a whole one
            file.write_text(text)
            assert load(file).sensors


def test_the_readme_has_a_station_in_ten_lines() -> None:
    (text,) = blocks(ROOT / "README.md", "toml")
    assert len(text.splitlines()) == 10


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_driver_has_its_page_and_its_sample() -> None:
    for name in registry.names():
        assert (ROOT / "drivers" / name / "README.md").exists()
        assert (ROOT / "drivers" / name / "sample.toml").exists()
