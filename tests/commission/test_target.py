"""Which wire a person means."""

from pathlib import Path

import pytest

from agent.commission import target
from agent.commission.target import TargetError, changed, of_host, of_port, ports, resolve
from agent.config import ConfigError
from drivers.bus import SerialBus, TcpBus

BUSES = """
[station]
id = "chu-01"
[sensor.canal]
driver = "simulator"
every = "1 s"
"""


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for /dev, and for the folder that a command is typed in."""
    folder = tmp_path / "dev"
    folder.mkdir()
    monkeypatch.setattr(target, "_DEV", folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARYK_CONFIG", raising=False)
    return folder


def station(folder: Path, *buses: str) -> Path:
    file = folder / "station.toml"
    tables = "".join(f'[bus.{name}]\ndevice = "/dev/{name}"\nbaudrate = 19200\n' for name in buses)
    file.write_text(BUSES + tables)
    return file


def test_a_port_has_the_name_that_stays(dev: Path) -> None:
    (dev / "ttyUSB0").touch()
    (dev / "serial" / "by-id").mkdir(parents=True)
    link = dev / "serial" / "by-id" / "usb-FTDI_A50285BI-if00-port0"
    link.symlink_to("../../ttyUSB0")
    found = resolve(str(dev / "ttyUSB0"), None)
    assert found.line == SerialBus.model_validate({"device": str(link)})
    assert (found.name, found.station) == ("ttyusb0", None)
    assert resolve("ttyUSB0", None) == found


def test_33_adapters_of_one_serial_number_are_named_by_their_sockets(dev: Path) -> None:
    for folder, links in {
        "by-id": {"usb-1a86_USB_Serial-if00-port0": "ttyUSB1"},
        "by-path": {"usb-0:1.1:1.0-port0": "ttyUSB0", "usb-0:1.2:1.0-port0": "ttyUSB1"},
    }.items():
        (dev / "serial" / folder).mkdir(parents=True)
        for name, port in links.items():
            (dev / port).touch()
            (dev / "serial" / folder / name).symlink_to(f"../../{port}")
    by_path = dev / "serial" / "by-path"
    assert list(ports()) == [
        str(by_path / "usb-0:1.1:1.0-port0"),
        str(by_path / "usb-0:1.2:1.0-port0"),
    ]


def test_the_only_port_there_is_is_meant_where_nothing_is_said(dev: Path) -> None:
    with pytest.raises(TargetError, match="plug the adapter in"):
        resolve(None, None)
    (dev / "ttyAMA0").touch()
    (dev / "serial0").symlink_to("ttyAMA0")
    assert list(ports()) == [str(dev / "serial0")]
    assert resolve(None, None).name == "ttyama0"
    (dev / "ttyUSB1").touch()
    with pytest.raises(TargetError, match=r"Which port\? There are:\n .*ttyUSB1\n .*serial0"):
        resolve(None, None)


def test_the_only_bus_of_the_station_comes_before_any_port(dev: Path, tmp_path: Path) -> None:
    (dev / "ttyUSB1").touch()
    station(tmp_path, "rs485")
    found = resolve(None, None)
    assert (found.name, found.station is not None) == ("rs485", True)
    station(tmp_path, "rs485", "other")
    with pytest.raises(TargetError, match=r"Which bus\? .* rs485, other"):
        resolve(None, None)


def test_a_bus_by_its_name(dev: Path, tmp_path: Path) -> None:
    file = station(tmp_path, "rs485")
    found = resolve("rs485", file)
    assert isinstance(found.line, SerialBus)
    assert found.line.baudrate == 19200
    with pytest.raises(TargetError, match=r"has no bus weir\. Its buses: rs485"):
        resolve("weir", file)
    file.write_text("[station]\n")
    with pytest.raises(ConfigError):
        resolve("rs485", file)


@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("192.0.2.10", "192.0.2.10", 502),
        ("192.0.2.10:5020", "192.0.2.10", 5020),
        ("gateway.local:502", "gateway.local", 502),
        ("[2001:db8::1]:502", "2001:db8::1", 502),
        ("2001:db8::1", "2001:db8::1", 502),
    ],
)
def test_a_gateway(dev: Path, typed: str, host: str, port: int) -> None:
    assert resolve(typed, None).line == TcpBus.model_validate({"host": host, "port": port})


def test_a_setting_that_a_wire_does_not_have_is_told() -> None:
    with pytest.raises(TargetError, match="a TCP gateway has no parity odd"):
        of_host("192.0.2.10", parity="odd")
    with pytest.raises(TargetError, match="a serial port has no framing tcp"):
        of_port("/dev/ttyUSB0", framing="tcp")
    with pytest.raises(TargetError, match="write HOST:PORT"):
        of_host("a:b:c")
    with pytest.raises(TargetError, match="timeout '5': write a number and a unit"):
        of_port("/dev/ttyUSB0", timeout="5")
    with pytest.raises(TargetError, match="host '': write a host name or an address"):
        of_host("")
    line = of_port("/dev/ttyUSB0").line
    assert changed(line, parity="odd", baudrate=None) == line.model_copy(update={"parity": "odd"})


def test_durations_of_a_line_outlive_a_change() -> None:
    line = of_port("/dev/ttyUSB0", timeout="2 s").line
    assert line.timeout == 2.0
    assert changed(line, baudrate=19200) == line.model_copy(update={"baudrate": 19200})
