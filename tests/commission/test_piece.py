"""The piece of station.toml at the end of a search: it really loads."""

from pathlib import Path
from typing import Any

import pytest

from agent.commission.identify import Who
from agent.commission.library import Known, known
from agent.commission.piece import piece
from agent.commission.scan import Found
from agent.commission.sweep import Hit
from agent.commission.target import Target, of_bus, of_host, of_port
from agent.config import Config, load

HEAD = '[station]\nid = "chu-01"\n'
PORT = of_port("/dev/ttyUSB0")


def found(address: int | str, target: Target = PORT, **settings: Any) -> Found:
    who = Who(model=settings.pop("model", None), texts=settings.pop("texts", ()))
    seconds = settings.pop("seconds", 0.03)
    hit = Hit(address, "answer", ("It answers late.",))
    return Found(target.line.model_copy(update=settings), hit, who, seconds)


def loaded(folder: Path, text: str) -> Config:
    file = folder / "station.toml"
    file.write_text(text)
    return load(file)


@pytest.mark.parametrize("model", known(), ids=lambda model: model.name)
def test_every_model_of_the_library_loads(tmp_path: Path, model: Known) -> None:
    both = [found(7, model=model), found(9)]
    config = loaded(tmp_path, HEAD + piece(PORT, both))
    assert config.buses["ttyusb0"].model_dump()["device"] == "/dev/ttyUSB0"
    names = set(config.sensors)
    assert names == ({model.name, "device-9"} if model.complete else {"device-9"})


def test_settings_texts_and_a_slow_answer_are_taken_over(tmp_path: Path) -> None:
    texts = (("maker", 'Say "when" \\ now'),)
    slow = [found(7, baudrate=19200, parity="even", rs485=True, seconds=0.61, texts=texts)]
    bus: Any = loaded(tmp_path, HEAD + piece(PORT, slow)).buses["ttyusb0"]
    assert (bus.baudrate, bus.parity, bus.rs485, bus.timeout) == (19200, "even", True, 1.3)


def test_a_device_of_another_parity_has_it_as_its_own(tmp_path: Path) -> None:
    mixed = [found(1, parity="even"), found(2, parity="even"), found(3)]
    config = loaded(tmp_path, HEAD + piece(PORT, mixed))
    assert [getattr(s.config, "parity", "") for s in config.sensors.values()] == [
        None,
        None,
        "none",
    ]


def test_what_can_not_share_the_wire_stands_in_comments(tmp_path: Path) -> None:
    mixed = [found(1), found(2), found(3, baudrate=19200), found(1, parity="even")]
    text = piece(PORT, mixed)
    assert set(loaded(tmp_path, HEAD + text).sensors) == {"device-1", "device-2"}
    assert "address 3 speaks 19200 8N1" in text
    assert "another device on this" in text


def test_two_devices_of_one_model_have_different_names(tmp_path: Path) -> None:
    model = next(each for each in known() if each.complete)
    config = loaded(tmp_path, HEAD + piece(PORT, [found(1, model=model), found(2, model=model)]))
    assert set(config.sensors) == {model.name, f"{model.name}-2"}


def test_a_gateway_and_rtu_through_it(tmp_path: Path) -> None:
    for framing in ("tcp", "rtu"):
        target = of_host("192.0.2.10:5020", framing=framing)
        bus: Any = loaded(tmp_path, HEAD + piece(target, [found(1, target)])).buses["gateway"]
        assert (bus.host, bus.port, bus.framing) == ("192.0.2.10", 5020, framing)


def test_sdi_12_sensors_of_either_case(tmp_path: Path) -> None:
    target = of_port("/dev/ttyUSB0", framing="sdi12")
    text = piece(target, [found("0", target), found("a", target), found("A", target)])
    config = loaded(tmp_path, HEAD + text)
    assert set(config.sensors) == {"device-0", "device-a", "device-capital-a"}


def test_what_is_found_on_a_bus_of_the_station_is_added_to_it(tmp_path: Path) -> None:
    own = HEAD + piece(PORT, [found(1)])
    target = of_bus(loaded(tmp_path, own), "ttyusb0")
    text = piece(target, [found(1), found(2), found(5, parity="even")])
    assert "[bus.ttyusb0] stands there already" in text
    assert "sensor.device-1" in text
    config = loaded(tmp_path, own + "\n" + text)
    assert set(config.sensors) == {"device-1", "device-2", "device-5"}


def test_a_bus_of_the_station_with_other_settings_is_told(tmp_path: Path) -> None:
    own = HEAD + piece(PORT, [found(1)])
    target = of_bus(loaded(tmp_path, own), "ttyusb0")
    text = piece(target, [found(2, baudrate=19200)])
    assert "stands there with 9600 8N1; this is right" in text
    assert "# baudrate = 19200" in text
    loaded(tmp_path, own + "\n" + text)


def test_nothing_found_is_no_piece() -> None:
    assert piece(PORT, []) == ""
