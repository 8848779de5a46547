"""What ``deploy/`` holds, tried: the central broker's rules, and the station's unit."""

import asyncio
import configparser
import shutil
import subprocess
from pathlib import Path

import aiomqtt
import pytest

from tests.support.mosquitto import MOSQUITTO
from tests.support.network import free_port, listening
from tests.support.processes import ARYK, process
from tests.support.waiting import until

DEPLOY = Path(__file__).parents[2] / "deploy"
PASSWD = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
STATION = """
[station]
id = "chu-01"
[store]
path = "station.db"
[broker.central]
url = "mqtt://127.0.0.1:{port}"
username = "{user}"
password_file = "password"
[sensor.canal]
driver = "simulator"
every = "200 ms"
"""


def central(folder: Path, port: int) -> Path:
    """Write the broker's configuration as ``deploy/README.md`` installs it, elsewhere."""
    text = (DEPLOY / "mosquitto.conf").read_text()
    text = text.replace("listener 1883", f"listener {port} 127.0.0.1")
    text = text.replace("/etc/mosquitto/", f"{folder}/").replace(
        "/var/lib/mosquitto/", f"{folder}/"
    )
    shutil.copy(DEPLOY / "mosquitto.acl", folder / "aryk.acl")
    passwords = folder / "aryk.passwd"
    passwords.touch(mode=0o600)
    for user in ("chu-01", "chu-02", "operator"):
        subprocess.run([PASSWD, "-b", passwords, user, f"of-{user}"], check=True)
    config = folder / "mosquitto.conf"
    config.write_text(f"user root\n{text}")
    return config


def sockets(process: int) -> set[str]:
    """Return the numbers of the sockets that a process holds."""
    links = [str(link.readlink()) for link in Path(f"/proc/{process}/fd").iterdir()]
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}


def of_the_network() -> set[str]:
    """Return the numbers of the sockets of this machine on which anybody may knock."""
    lines = [
        line.split()
        for kind in ("tcp", "tcp6", "udp", "udp6")
        for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]
    ]
    return {line[9] for line in lines if line[2].endswith(":0000")}


@pytest.mark.parametrize(("user", "allowed"), [("chu-01", True), ("chu-02", False)])
async def test_p1_the_central_broker_takes_a_station_on_its_own_topics_alone(
    tmp_path: Path, user: str, allowed: bool
) -> None:
    port, file, log = free_port(), tmp_path / "station.toml", tmp_path / "log"
    file.write_text(STATION.format(port=port, user=user))
    (tmp_path / "password").write_text(f"of-{user}\n")
    heard: set[str] = set()

    async def operate() -> None:
        async with aiomqtt.Client(
            "127.0.0.1", port, username="operator", password="of-operator"
        ) as operator:
            await operator.subscribe("aryk/#", qos=1)
            async for message in operator.messages:
                heard.add(str(message.topic))

    with log.open("wb") as errors:
        async with process(MOSQUITTO, "-c", str(central(tmp_path, port))):
            await listening(port)
            operating = asyncio.create_task(operate())
            async with process(ARYK, "run", "-c", str(file), stderr=errors):
                if allowed:
                    await until(lambda: "aryk/chu-01/data" in heard, 20)
                else:
                    await until(lambda: b"this station may not write there" in log.read_bytes(), 20)
                    assert not heard
            operating.cancel()
            await asyncio.wait({operating})
    assert f"of-{user}".encode() not in log.read_bytes()


async def test_p1_the_central_broker_takes_nobody_without_a_password(tmp_path: Path) -> None:
    port = free_port()
    async with process(MOSQUITTO, "-c", str(central(tmp_path, port))):
        await listening(port)
        with pytest.raises(aiomqtt.MqttError, match="authori"):
            async with aiomqtt.Client("127.0.0.1", port):
                pass


async def test_p3_the_agent_listens_on_no_port(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(STATION.format(port=free_port(), user="chu-01"))
    async with process(ARYK, "run", "-c", str(file)) as agent:
        await until((tmp_path / "station.db.sock").exists, 20)
        own = sockets(agent.pid)
        assert own, "the one through which commands reach it"
        assert own.isdisjoint(of_the_network())


def test_p5_the_unit_has_a_user_of_its_own_and_a_wrong_configuration_stops_it() -> None:
    unit = configparser.ConfigParser()
    unit.optionxform = str  # type: ignore[assignment]  # systemd's keys have capitals
    unit.read(DEPLOY / "aryk.service")
    service = unit["Service"]
    assert (service["User"], service["Group"]) == ("aryk", "aryk")
    assert service["Restart"] == "always"
    assert service["RestartPreventExitStatus"] == "78"
    assert service["ExecStart"].startswith("/opt/aryk/bin/aryk run ")
