"""The instruments of `drivers/line/samples`: a line as the manual has it, and its values."""

import asyncio
import tomllib
from pathlib import Path

import pytest

import drivers.line
from drivers.base import Flag
from drivers.bench import Answers
from drivers.bus import Bus, bus_model
from drivers.line import LineConfig, LineDriver

SAMPLES = Path(drivers.line.__file__).parent / "samples"

Values = dict[str, float | str]
GOLDEN: dict[str, tuple[bytes, Values, dict[str, Flag]]] = {
    # The datasheet's form, R and four digits.
    "maxbotix-hrxl-wr": (b"\rR1234\r", {"distance": 1.234}, {}),
    # The manual's example, with its checksum.
    "campbell-sr50a": (
        b"\x03\x0233;1838;194;11011;2C\r\n\x03",
        {"distance": 1.838, "quality": 194.0},
        {},
    ),
    # The manual's form; the checksum was worked out apart from this code.
    "geolux-rss-2-300w": (
        b"\r\n$RDTGT,1,14,250*7E\r\n",
        {"velocity": 1.4, "direction": 1.0, "level": 250.0},
        {},
    ),
    # The manual's form: 100 inches, 68 degrees Fahrenheit, no error.
    "vega-levelmaster": (
        b"U01D100.00F068E0000W0000\r",
        {"level": 2.54, "temperature": 20.0, "error": 0.0, "warning": 0.0},
        {"level": (1, "")},
    ),
}


async def read(name: str, said: bytes) -> tuple[Values, dict[str, Flag]]:
    tables = tomllib.loads((SAMPLES / f"{name}.toml").read_text())
    ((bus_name, table),) = tables["bus"].items()
    ((_, sensor),) = tables["sensor"].items()
    config = LineConfig.model_validate(sensor)
    bus = Bus(bus_name, bus_model(table).model_validate(table), Answers(lambda _: said))
    try:
        sample = await LineDriver(config, bus).read()
    finally:
        await bus.close()
    names = [channel.name for channel in config.channel_list()]
    values = {
        name: sample.reasons[index] if value is None else value
        for index, (name, value) in enumerate(zip(names, sample.values, strict=True))
    }
    return values, {names[index]: flag for index, flag in sample.flags.items()}


def test_each_sample_has_its_line_here() -> None:
    assert {file.stem for file in SAMPLES.glob("*.toml")} == GOLDEN.keys()


@pytest.mark.parametrize("name", GOLDEN)
def test_a_line_of_the_manual_gives_its_values(name: str) -> None:
    said, values, flags = GOLDEN[name]
    greeting = b"x\r" * 6 if name == "maxbotix-hrxl-wr" else b""
    assert asyncio.run(read(name, greeting + said)) == (values, flags)


@pytest.mark.parametrize(
    ("name", "said", "channel"),
    [
        ("maxbotix-hrxl-wr", b"x\r" * 7 + b"R5000\r", "distance"),
        ("campbell-sr50a", b"\x03\x0233;-999;600;11011;30\r\n\x03", "distance"),
    ],
)
def test_a_sentinel_of_the_manual_is_no_value(name: str, said: bytes, channel: str) -> None:
    values, _ = asyncio.run(read(name, said))
    assert values[channel] == "invalid"


def test_an_error_of_the_levelmaster_makes_its_level_a_failed_one() -> None:
    _, flags = asyncio.run(read("vega-levelmaster", b"U01D100.00F068E0001W0000\r"))
    assert flags["level"] == (4, "status")
