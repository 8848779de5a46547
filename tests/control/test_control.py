"""The socket beside the store: what a command gets from the running agent."""

import asyncio
import json
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from agent import control
from agent.acquire import Asked
from agent.record import Layout, Round
from drivers.base import DeviceError

LAYOUT = Layout("radar", ("distance", "snr"), ("m", "dB"))
GOOD = Asked(Round(LAYOUT, 1_795_466_700_000, (1.2345678901234567, None), b"\2\x09", {1: "crc"}))
SILENT = Asked(
    Round(LAYOUT, 1_795_466_700_000, (None, None), b"\x09\x09", {0: "timeout", 1: "timeout"}),
    error=DeviceError("timeout", "No answer: is it on?"),
)


async def ask(sensors: Sequence[str]) -> list[Asked]:
    if "nobody" in sensors:
        raise LookupError("The agent has no sensor nobody.")
    return [SILENT if name == "silent" else GOOD for name in sensors]


async def raw(path: Path, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(sent)
    writer.write_eof()
    said = await reader.read()
    writer.close()
    return said


async def test_what_a_sensor_said_arrives_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    async with control.serve(path, ask):
        said = await control.read(path, ["radar", "silent"])
    assert said == [control.Said(GOOD.round), control.Said(SILENT.round, "No answer: is it on?")]


async def test_it_is_for_the_agents_user_and_group_alone_and_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    async with control.serve(path, ask):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert not path.exists()
    assert await control.read(path, ["radar"]) is None


async def test_what_a_killed_agent_left_is_no_running_agent(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    server = await asyncio.start_unix_server(lambda _reader, _writer: None, path)
    server.close()
    path.touch()
    assert await control.read(path, ["radar"]) is None
    async with control.serve(path, ask):
        assert await control.read(path, ["radar"]) == [control.Said(GOOD.round)]


async def test_the_agents_refusal_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    async with control.serve(path, ask):
        with pytest.raises(control.ControlError, match="no sensor nobody"):
            await control.read(path, ["nobody"])


@pytest.mark.parametrize(
    "sent",
    [b"\n", b"[]\n", b'{"do": "write"}\n', b'{"do": "read", "sensors": 1}\n', b"[" * 9999 + b"\n"],
)
async def test_nonsense_gets_an_error_and_the_next_command_an_answer(
    tmp_path: Path, sent: bytes
) -> None:
    path = tmp_path / "s.sock"
    async with control.serve(path, ask):
        assert "error" in json.loads(await raw(path, sent))
        assert await control.read(path, ["radar"]) == [control.Said(GOOD.round)]


@pytest.mark.parametrize("sent", [b"", b'{"do": "read"', b"x" * 2_000_000])
async def test_half_a_command_or_an_endless_one_is_dropped(tmp_path: Path, sent: bytes) -> None:
    path = tmp_path / "s.sock"
    async with control.serve(path, ask):
        with suppress(ConnectionError):  # it hangs up before all is sent
            assert await raw(path, sent) == b""
        assert await control.read(path, ["radar"]) == [control.Said(GOOD.round)]


async def test_a_socket_that_can_not_be_made_does_not_stop_the_agent(tmp_path: Path) -> None:
    too_long = tmp_path / ("x" * 120)
    async with control.serve(too_long, ask):
        assert await control.read(too_long, ["radar"]) is None


async def test_whoever_hangs_does_not_keep_the_agent_from_stopping(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    async with asyncio.timeout(3), control.serve(path, ask):
        _, writer = await asyncio.open_unix_connection(path)
        assert await control.read(path, ["radar"])  # so the one before was taken on, too
    writer.close()
