"""A recorded wire says again what it said."""

from pathlib import Path
from typing import Any

import pytest

from agent.config import load
from drivers.base import DeviceError
from drivers.bus import Bus, ReplayBus, bus_model
from drivers.replay import TraceError, read, rerun
from drivers.sdi12 import Instrument

HEAD = """
[bus.sdi]
device = "/dev/ttyUSB0"
framing = "sdi12"
timeout = "50 ms"
late = "1 s"

[sensor.well]
driver = "sdi12"
bus = "sdi"
address = "0"
command = "R0"
every = "1 min"
channel.depth = {position = 1, unit = "m"}
"""
READING = """
[[reading]]
sensor = "well"
"""
ASKED = "30 52 30 21"  # 0R0!
SAID = "30 2b 31 2e 35 0d 0a"  # 0+1.5
OTHER = "30 2b 39 2e 35 0d 0a"  # 0+9.5


def trace(folder: Path, *events: str, readings: int = 0) -> Path:
    file = folder / "trace.txt"
    file.write_text("\n".join([HEAD, *events, "", READING * readings]))
    return file


def bus(file: Path, **keys: Any) -> Bus:
    table = {"replay": str(file), "framing": "sdi12", "timeout": "50 ms", "pace": "fast", **keys}
    return Bus("sdi", ReplayBus.model_validate(table))


async def depth(bus: Bus) -> str:
    return (await Instrument(bus, "0").measure("R0")).values[0]


async def test_recorded_requests_get_their_recorded_answers(tmp_path: Path) -> None:
    wire = bus(
        trace(tmp_path, f"0.0 > {ASKED}", f"0.1 < {SAID}", f"60.0 > {ASKED}", f"60.1 < {OTHER}")
    )
    assert [await depth(wire), await depth(wire)] == ["+1.5", "+9.5"]
    await wire.close()


async def test_bytes_keep_their_order_whatever_their_times(tmp_path: Path) -> None:
    pieces = [f"0.1 < {byte}" for byte in SAID.split()]
    for pace in ("fast", "real"):
        wire = bus(trace(tmp_path, f"0.0 > {ASKED}", *pieces), pace=pace)
        assert await depth(wire) == "+1.5"
        await wire.close()


async def test_another_request_than_the_recorded_one_is_refused(tmp_path: Path) -> None:
    file = trace(tmp_path, "0.0 > 30 4d 21", "0.1 < 30 30 30 30 31 0d 0a")
    wire = bus(file)
    with pytest.raises(DeviceError) as caught:
        await depth(wire)
    assert caught.value.reason == "not-recorded"
    line = file.read_text().splitlines().index("0.0 > 30 4d 21") + 1
    assert f"{file}:{line}: then 30 4d 21 (0M!) was sent, and now 30 52 30 21 (0R0!)" in str(
        caught.value
    )
    await wire.close()


async def test_a_trace_that_is_at_its_end_says_so(tmp_path: Path) -> None:
    wire = bus(trace(tmp_path, f"0.0 > {ASKED}", f"0.1 < {SAID}"))
    await depth(wire)
    with pytest.raises(DeviceError, match="is at its end"):
        await depth(wire)
    await wire.close()


async def test_what_came_too_late_comes_too_late_again(tmp_path: Path) -> None:
    file = trace(
        tmp_path,
        f"0.0 > {ASKED}",
        f"1.2 < {OTHER}",  # s: timeout and the line's own time make 0.94
        f"2.5 > {ASKED}",
        f"2.6 < {SAID}",
    )
    wire = bus(file, pace="real", late="500 ms")
    with pytest.raises(DeviceError) as caught:
        await depth(wire)
    assert caught.value.reason == "timeout"
    assert await depth(wire) == "+1.5"
    assert wire.counts.foreign == 0  # it came while the wire was silent for it
    await wire.close()


async def test_what_is_still_to_come_is_left_out_when_the_next_request_goes_out(
    tmp_path: Path,
) -> None:
    file = trace(
        tmp_path, f"0 > {ASKED}", f"0 < {SAID}", f"9 < {OTHER}", f"9 > {ASKED}", f"9 < {SAID}"
    )
    wire = bus(file, pace="real")
    assert [await depth(wire), await depth(wire)] == ["+1.5", "+1.5"]
    await wire.close()


@pytest.mark.parametrize("text", [None, "0.1 < xx"])
async def test_a_trace_that_cannot_be_read_is_a_device_error(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "trace.txt"
    if text is not None:
        file.write_text(text)
    wire = bus(file)
    with pytest.raises(DeviceError, match="trace") as caught:
        await depth(wire)
    assert caught.value.reason == "no-port"
    await wire.close()


async def test_a_station_may_hang_on_a_trace_beside_its_file(tmp_path: Path) -> None:
    trace(tmp_path, f"0.0 > {ASKED}", f"0.1 < {SAID}")
    station = tmp_path / "station.toml"
    station.write_text(
        '[station]\nid = "here"\n' + HEAD.replace('device = "/dev/ttyUSB0"', 'replay = "trace.txt"')
    )
    config = load(station)
    wire = Bus("sdi", config.buses["sdi"])
    sensor = config.sensors["well"]
    assert (await sensor.driver(sensor.config, wire).read()).values == [1.5]
    await wire.close()


@pytest.mark.parametrize("keys", [(), ("device", "replay"), ("host", "replay")])
def test_a_bus_is_one_of_three(keys: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"device .* host .* or replay"):
        bus_model(dict.fromkeys(keys, "x"))


async def test_a_rerun_says_what_is_now_and_what_was_then(tmp_path: Path) -> None:
    file = trace(tmp_path, f"0.0 > {ASKED}", f"0.1 < {SAID}", readings=1)
    file.write_text(file.read_text() + "values = {depth = 2.5}\n")
    found = await rerun(file)
    assert list(found.then) == [{"sensor": "well", "values": {"depth": 2.5}}]
    assert found.now == [{"sensor": "well", "values": {"depth": 1.5}}]
    assert not found.left


async def test_requests_that_nobody_makes_again_are_left_over(tmp_path: Path) -> None:
    file = trace(
        tmp_path, f"0.0 > {ASKED}", f"0.1 < {SAID}", f"1.0 > {ASKED}", f"1.1 < {SAID}", readings=1
    )
    left = (await rerun(file)).left
    assert [event.at for event in left] == [1.0]


async def test_a_reading_that_fails_is_its_reason(tmp_path: Path) -> None:
    file = trace(tmp_path, f"0.0 > {ASKED}", f"0.1 < {SAID}", readings=2)
    assert (await rerun(file)).now[1] == {"sensor": "well", "reason": "not-recorded"}


@pytest.mark.parametrize("more", ["", READING.replace("well", "wall"), "[[reading]]\n"])
async def test_a_trace_without_readings_is_no_test(tmp_path: Path, more: str) -> None:
    file = trace(tmp_path)
    file.write_text(file.read_text() + more)
    with pytest.raises(TraceError, match=r"needs a \[\[reading\]\]"):
        await rerun(file)
    assert read(file).bus[0] == "sdi"
