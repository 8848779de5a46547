"""``aryk audit`` as operators type it, with mosquitto and a station made by hand."""

import asyncio
import json
import os
import random
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import Any

import aiomqtt
import pytest
from click.testing import CliRunner

from agent.audit.recording import FORM, Recorder
from agent.cli.audit import audit
from tests.support.certificates import Authority
from tests.support.fakebroker import read_packet
from tests.support.mosquitto import Mosquitto
from tests.support.processes import ARYK, process
from tests.support.station import entry, ledger, pack, reading, readings
from tests.support.waiting import until

Publish = Callable[..., Awaitable[None]]


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with Mosquitto(tmp_path) as running:
        yield running


@asynccontextmanager
async def station(broker: Mosquitto) -> AsyncIterator[Publish]:
    """Publish as a station does, by hand; a ledger is retained."""
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:

        async def publish(topic: str, payload: bytes) -> None:
            await client.publish(f"aryk/chu-01/{topic}", payload, qos=1, retain=topic == "ledger")

        yield publish


@asynccontextmanager
async def auditing(
    folder: Path, *arguments: str, **keys: Any
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Path]]:
    """Run ``aryk audit`` until it listens: it records the ledger that the broker kept."""
    record = folder / "recording"
    command = [ARYK, "audit", *arguments, "--record", str(record)]
    running = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, **keys
    )
    try:
        await until(lambda: record.exists() and record.stat().st_size > 0, 15)
        yield running, record
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


async def ended(running: asyncio.subprocess.Process) -> tuple[int, str]:
    async with asyncio.timeout(15):
        out, errors = await running.communicate()
    assert not errors
    assert running.returncode is not None
    return running.returncode, out.decode()


def run(*arguments: str, **keys: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ARYK, "audit", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        **keys,
    )


async def test_a_station_whose_numbers_all_come_is_proved_complete(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with station(broker) as publish:
        await publish("ledger", ledger(0, entry(101)))
        async with auditing(tmp_path, broker.url, "--once") as (running, _):
            await publish("ledger", ledger(30, entry(121)))
            await publish("data", readings(range(121, 141)))
            await publish("backfill", readings(range(131, 136)))
            await publish("ledger", ledger(60, entry(141)))
            status, out = await ended(running)
    assert (status, out.splitlines()) == (
        0,
        [
            "chu-01\tk3f7q2xa\tcomplete as of 2026-11-23T12:01:00Z",
            "chu-01\tk3f7q2xa\tcame again with the same content, which is harmless: 5",
        ],
    )


async def test_what_an_adversary_does_between_station_and_operator_is_named_exactly(
    broker: Mosquitto, tmp_path: Path
) -> None:
    dice = random.Random(7)
    numbers = list(range(121, 421))
    lost, changed, doubled = (set(dice.sample(numbers, 20)) for _ in range(3))
    changed, doubled = changed - lost, doubled - lost
    packs = [
        pack(reading(number, **({"v": 9.5} if number in others else {})))
        for numbers_, others in ((set(numbers) - lost, set()), (changed | doubled, changed))
        for number in numbers_
    ]
    dice.shuffle(packs)
    async with station(broker) as publish:
        await publish("ledger", ledger(0, entry(101)))
        async with auditing(tmp_path, broker.url, "--once", "--json") as (running, record):
            await publish("ledger", ledger(30, entry(121)))
            for each in packs:
                await publish(dice.choice(("data", "backfill")), each)
            await publish("ledger", ledger(60, entry(421)))
            status, out = await ended(running)
    assert status == 1
    [log] = json.loads(out)["stations"][0]["logs"]
    named = {
        key: {n for first, last in log[key] for n in range(first, last + 1)}
        for key in ("missing", "different")
    }
    assert named == {"missing": lost, "different": changed}
    assert log["again"]["times"] == len(doubled - changed)
    assert (log["state"], log["arrived"]) == ("broken", 300 - len(lost))
    again = run(str(record), "--json")
    assert (again.returncode, json.loads(again.stdout)) == (1, json.loads(out))


async def test_it_listens_until_it_is_told_to_end_where_it_records(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with station(broker) as publish:
        await publish("ledger", ledger(0, entry(101)))
        async with auditing(tmp_path, broker.url, "--station", "chu-01") as (running, record):
            for second in (30, 60):
                await publish("ledger", ledger(second, entry(101)))
            await until(lambda: len(record.read_bytes().splitlines()) == 3)
            assert running.returncode is None
            running.send_signal(SIGTERM)
            assert await ended(running) == (
                0,
                "chu-01\tk3f7q2xa\tcomplete as of 2026-11-23T12:01:00Z\n",
            )


async def test_a_broker_that_goes_away_for_a_while_is_an_interruption(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with station(broker) as publish:
        await publish("ledger", ledger(0, entry(101)))
    async with auditing(tmp_path, broker.url, "--seconds", "30") as (running, record):
        await broker.kill()
        await broker.start()
        async with station(broker) as publish:
            await publish("ledger", ledger(30, entry(111)))
            await until(lambda: b"ledger" in record.read_bytes().partition(b" interrupted\n")[2])
        running.send_signal(SIGINT)
        status, out = await ended(running)
    assert status == 1
    assert out.splitlines()[-1] == "interrupted 1 times: what passed by in between isn't judged"


@pytest.mark.parametrize("protocol", ["5", "3"])
async def test_it_gives_up_when_its_time_is_over(broker: Mosquitto, protocol: str) -> None:
    words = (broker.url, "--once", "--seconds", "0.5", "--protocol", protocol)
    done = await asyncio.to_thread(run, *words)
    assert (done.returncode, done.stdout) == (1, "No station heard.\n")


async def test_on_a_terminal_it_shows_a_live_table_and_at_the_end_the_verdict(
    broker: Mosquitto, tmp_path: Path
) -> None:
    terminal, end = os.openpty()
    os.set_blocking(terminal, False)
    shown = bytearray()

    def look() -> str:
        with suppress(BlockingIOError):
            shown.extend(os.read(terminal, 65536))
        return shown.decode(errors="replace")

    environment = {**os.environ, "COLUMNS": "120", "TERM": "xterm"}
    async with station(broker) as publish:
        await publish("ledger", ledger(0, entry(101)))
        command = [ARYK, "audit", broker.url]
        running = await asyncio.create_subprocess_exec(*command, stdout=end, env=environment)
        try:
            await until(lambda: "no ledger heard since we listen" in look(), 15)
            await publish("ledger", ledger(30, entry(101)))
            await until(lambda: "the next ledger will tell" in look())
            await publish("ledger", ledger(60, entry(101)))
            await until(lambda: "complete as of 2026-11-23T12:01:00Z" in look())
            del shown[:]
            running.send_signal(SIGINT)
            assert await running.wait() == 0
            await until(lambda: "complete as of 2026-11-23T12:01:00Z" in look())
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()
            os.close(end)
            os.close(terminal)


@pytest.mark.skipif(not shutil.which("mosquitto_sub"), reason="needs mosquitto-clients")
async def test_what_mosquitto_sub_writes_is_a_recording(broker: Mosquitto, tmp_path: Path) -> None:
    path = tmp_path / "recording"
    async with station(broker) as publish:
        await publish("ledger", ledger(0, entry(101)))
        topics = [part for kind in ("data", "ledger") for part in ("-t", f"aryk/+/{kind}")]
        with path.open("wb") as recording:
            command = ["mosquitto_sub", "-p", str(broker.port), "-q", "1", "-F", FORM, *topics]
            async with process(*command, stdout=recording):
                await until(lambda: path.stat().st_size > 0)
                await publish("ledger", ledger(30, entry(121)))
                await publish("data", readings(range(121, 141)))
                await publish("data", b"")
                await publish("ledger", ledger(60, entry(151)))
                await until(lambda: len(path.read_bytes().splitlines()) == 5)
    done = run(str(path))
    assert done.returncode == 1
    said = [line.split("\t")[-1] for line in done.stdout.splitlines()]
    assert said[0] == "incomplete: missing 141 to 150"
    assert said[-1] == "can't be read, 1 times: aryk/chu-01/data: neither JSON nor CBOR nor zlib"
    with path.open("rb") as recording:
        assert run("-", stdin=recording).stdout == done.stdout


async def refuse_to_subscribe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let a client in, and answer its SUBSCRIBE with "not authorized" for each topic."""
    with suppress(asyncio.IncompleteReadError):
        await read_packet(reader)
        writer.write(bytes.fromhex("20 03 00 00 00"))
        _, body = await read_packet(reader)
        writer.write(bytes.fromhex("90 07") + body[:2] + bytes.fromhex("00 87 87 87 87"))
        await read_packet(reader)
    writer.close()


async def test_who_may_not_subscribe_is_told(tmp_path: Path) -> None:
    server = await asyncio.start_server(refuse_to_subscribe, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        done = await asyncio.to_thread(run, f"mqtt://127.0.0.1:{port}", "--seconds", "10")
    assert done.returncode == 1
    assert done.stderr.strip().endswith(
        "doesn't let us subscribe to aryk/+/data (0x87). Have its operator allow it"
    )


def password_file(folder: Path) -> Path:
    path = folder / "passwords"
    command = ["mosquitto_passwd", "-c", "-b", str(path), "operator", "secret"]
    subprocess.run(command, check=True, timeout=10)
    return path


async def test_over_tls_with_a_certificate_and_a_password(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    server, operator = authority.sign("server"), authority.sign("operator")
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("secret\n")
    wrong.write_text("guess\n")
    async with Mosquitto(
        tmp_path,
        f"certfile {server.crt}",
        f"keyfile {server.key}",
        f"cafile {authority.crt}",
        "require_certificate true",
        f"password_file {password_file(tmp_path)}",
        "allow_anonymous false",
    ) as broker:
        url = f"mqtts://localhost:{broker.port}"
        trusting = (url, "--ca", str(authority.crt), "--seconds", "2")
        key = ("--key", str(operator.key))
        shown = (*trusting, "--certificate", str(operator.crt), *key)
        named = (*shown, "--username", "operator", "--password-file")
        tries = (
            ((*named, str(right)), ""),
            ((*named, str(wrong)), "Check --username and --password-file"),
            (shown, "Check --username and --password-file"),
            (trusting, "Show your own: --certificate and --key"),
            ((url,), "Set --ca to the certificate of the authority"),
            ((f"mqtts://127.0.0.1:{broker.port}", *trusting[1:]), "IP address mismatch"),
            ((*trusting, "--certificate", str(server.crt), *key), "The certificates can't be used"),
        )
        each = [asyncio.to_thread(run, *words) for words, _ in tries]
        done = await asyncio.gather(*each)
    assert (done[0].stdout, done[0].stderr) == ("No station heard.\n", "")
    for (_, sentence), said in zip(tries[1:], done[1:], strict=True):
        assert (said.returncode, said.stdout) == (1, "")
        assert said.stderr.startswith("Error: ")
        assert sentence in said.stderr
        assert said.stderr.count("\n") == 1


def test_wrong_usage_and_what_cannot_be_read_get_a_sentence(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    with Recorder(recording):
        pass
    for words, status, sentence in (
        (["mqtt://me:secret@localhost"], 2, "Write --username and --password-file"),
        (["--root", "#"], 2, "without + and #"),
        (["--station", ""], 2, "without + and #"),
        (["http://localhost"], 2, "isn't a broker's address"),
        (["mqtt://"], 2, "isn't a broker's address"),
        (["mqtt://localhost:x"], 2, "isn't a broker's address"),
        (["mqtt://localhost", "--ca", str(recording)], 2, "Write mqtts://"),
        (["mqtts://localhost", "--ca", str(tmp_path / "none")], 1, "none can't be read."),
        (["mqtts://localhost", "--ca", str(recording)], 1, "The certificates can't be used"),
        ([str(recording), "--record", "other"], 2, "--record goes with"),
        ([str(tmp_path / "none")], 1, "Name a recording, or a broker"),
        (["mqtt://127.0.0.1:1", "--seconds", "5"], 1, "Is the broker there"),
        (["mqtt://localhost", "--record", str(tmp_path)], 1, "Record to another file"),
        ([str(recording)], 1, ""),
    ):
        done = CliRunner().invoke(audit, words)
        assert (done.exit_code, sentence in done.stderr) == (status, True), (words, done.output)
        assert isinstance(done.exception, SystemExit)
