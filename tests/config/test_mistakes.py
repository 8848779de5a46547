"""Keys and tables that are missing, unknown, of another kind, or don't fit together."""

from pathlib import Path

import pytest

from tests.support.fake import GOOD, Said

DURATION = 'a number and a unit, as "500 ms", "60 s", "15 min", "6 h" or "2 d"'
URL = '"mqtt://host:port" or "mqtts://host:port", the port from 1 to 65535'
URLS = '"mqtts://host:port", or a list of such URLs'
BUS = "either device (a serial line), host (a TCP gateway) or replay (a recorded trace)"
STATION_KEYS = "codes, elevation, id, latitude, longitude, name, timezone"


def test_the_good_one_is_good(said: Said) -> None:
    assert said(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        # missing keys
        ('id = "chu-01"\n', "", "1: station.id: missing; accepted is a text in quotes"),
        ('every = "5 s"\n', "", f"9: sensor.plc.every: missing; accepted is {DURATION}"),
        (
            "register = 32\n",
            "",
            "14: sensor.plc.channel.stage.register: missing; accepted is a whole number",
        ),
        ('driver = "fake"\n', "", "9: sensor.plc.driver: missing; accepted is fake"),
        (
            'url = "mqtt://example.org"\n',
            "",
            f"5: broker.ministry.url: missing; accepted is {URLS}",
        ),
        ('device = "/dev/ttyUSB0"\n', "", f"7: bus.rs485: accepted is {BUS}"),
        # unknown keys
        ("[store]", "[stoer]", "3: stoer: unknown table; did you mean store?"),
        (
            "[store]",
            "[x]",
            "3: x: unknown table; accepted is broker, bus, sensor, station, store",
        ),
        ('"s.db"', '"s.db"\npaht = 1', "5: store.paht: unknown key; did you mean path?"),
        ('"s.db"', '"s.db"\nx = 1', "5: store.x: unknown key; accepted is max_size, path"),
        (
            '"chu-01"',
            '"chu-01"\n"a\\nb" = 1',
            f'3: station."a\\nb": unknown key; accepted is {STATION_KEYS}',
        ),
        (
            "org",
            'org"\nuser_name = "x',
            "7: broker.ministry.user_name: unknown key; did you mean username?",
        ),
        (
            "register = 32",
            "register = 32\nodrer = 1",
            "16: sensor.plc.channel.stage.odrer: unknown key; did you mean order?",
        ),
        (
            "register = 32",
            "register = 32\ngood_when = [{ register = 1, abov = 1 }]",
            "16: sensor.plc.channel.stage.good_when[0].abov: unknown key; did you mean above?",
        ),
        (
            "address = 7",
            "address = 7\nprobe = { depth = 1, dpth = 2 }",
            "13: sensor.plc.probe.dpth: unknown key; did you mean depth?",
        ),
        # not a table, or not the right one
        (
            "[store]",
            "[[store]]",
            "3: store: found an array of tables; accepted is a table [store]",
        ),
        (
            "[bus.rs485]",
            "[[bus.rs485]]",
            "7: bus.rs485: found an array of tables; accepted is a table [bus.<name>]",
        ),
        (
            "[broker.ministry]",
            "[broker]",
            '6: broker.url: found "mqtt://example.org"; accepted is a table [broker.<name>]',
        ),
        (
            "[sensor.plc.channel.stage]",
            "[[sensor.plc.channel]]",
            (
                "14: sensor.plc.channel: found an array of tables; "
                "accepted is tables [sensor.plc.channel.<name>]"
            ),
        ),
        (
            "[sensor.plc.channel.stage]",
            "[[sensor.plc.channel.stage]]",
            (
                "14: sensor.plc.channel.stage: found an array of tables; "
                "accepted is a table [sensor.plc.channel.stage]"
            ),
        ),
        (
            "address = 7",
            "address = 7\nprobe = 5",
            "13: sensor.plc.probe: found 5; accepted is a table [sensor.plc.probe]",
        ),
        ('"fake"', "{}", "10: sensor.plc.driver: found a table; accepted is a text in quotes"),
        # what doesn't fit together
        (
            "address = 7",
            "address = 7\non = true",
            "9: sensor.plc.probe.depth: missing; accepted is a depth, where on is true",
        ),
        (
            "address = 7",
            'address = 7\nword = "bad"',
            "9: sensor.plc: accepted is another table than this",
        ),
        (
            "org",
            'org"\nca = "ca.crt',
            '7: broker.ministry.ca: found "ca.crt"; accepted is no ca, unless url begins with mqtts://',
        ),
        (
            "mqtt://example.org",
            'mqtts://example.org"\ncertificate = "c',
            "5: broker.ministry.key: missing; accepted is the key that belongs to certificate",
        ),
        (
            "org",
            'org"\npassword_file = "p',
            "5: broker.ministry.username: missing; accepted is the user whose password it is",
        ),
        (
            'device = "/dev/ttyUSB0"',
            'device = "/dev/ttyUSB0"\nhost = "h"',
            f"7: bus.rs485: accepted is {BUS}",
        ),
        (
            'device = "/dev/ttyUSB0"',
            'host = "h"',
            '11: sensor.plc.bus: found "tcp"; accepted is a bus with framing rtu',
        ),
        # references
        (
            'bus = "rs485"',
            'bus = "rs486"',
            '11: sensor.plc.bus: unknown bus; did you mean rs485?; found "rs486"',
        ),
        (
            '"fake"',
            '"fak"',
            '10: sensor.plc.driver: unknown driver; did you mean fake?; found "fak"',
        ),
        (
            '"fake"',
            '"modbus"',
            '10: sensor.plc.driver: unknown driver; found "modbus"; accepted is fake',
        ),
    ],
)
def test_a_mistake_is_said_with_its_line(said: Said, old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    assert said(GOOD.replace(old, new, 1)) == [sentence]


def test_names_that_mean_something_else_are_taken(said: Said) -> None:
    for name in ("derived", "event"):
        assert said(GOOD.replace("sensor.plc", f"sensor.{name}")) == [
            f'9: sensor.{name}: a name that is taken; found "{name}"; accepted is another name'
        ]


def test_a_key_that_only_looks_like_the_right_one_is_both_missing_and_unknown(said: Said) -> None:
    assert said(GOOD.replace("device =", "devise =")) == [
        "7: bus.rs485.device: missing; accepted is a text in quotes",
        "8: bus.rs485.devise: unknown key; did you mean device?",
    ]
    assert said(GOOD.replace("device =", "hots =")) == [
        "7: bus.rs485.host: missing; accepted is a text in quotes",
        "8: bus.rs485.hots: unknown key; did you mean host?",
    ]


def test_two_sensors_at_one_address_of_a_bus_are_refused(said: Said) -> None:
    sensor = GOOD[GOOD.index("[sensor.plc]") :].replace("sensor.plc", "sensor.two")
    assert said(GOOD + sensor) == ["19: sensor.two.address: address 7 is also sensor.plc's"]
    other = '[bus.b]\ndevice = "/dev/ttyUSB1"\n' + sensor.replace('"rs485"', '"b"')
    assert said(GOOD + other) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('device = "/dev/ttyUSB0"', 'device = "/dev/ttyUSB0"'),
        ('device = "/dev/ttyUSB0"', 'device = "/dev/../dev//ttyUSB0"'),
        ('host = "plc.example.org"', 'host = "PLC.example.org."'),
        ('host = "plc"', 'host = "plc"\nport = 502'),
    ],
)
def test_one_port_in_two_buses_is_refused_however_it_is_written(
    said: Said, one: str, other: str
) -> None:
    text = GOOD.replace('device = "/dev/ttyUSB0"', one) + "[bus.two]\n" + other
    assert "16: bus.two: its port is also bus.rs485's; share that bus" in said(text)


def test_one_port_in_two_buses_is_refused_by_its_link_too(said: Said, tmp_path: Path) -> None:
    port, link = tmp_path / "ttyUSB0", tmp_path / "by-id"
    port.touch()
    link.symlink_to(port)
    text = GOOD.replace("/dev/ttyUSB0", str(port)) + f'[bus.two]\ndevice = "{link}"\n'
    assert said(text) == ["16: bus.two: its port is also bus.rs485's; share that bus"]


def test_an_unknown_driver_does_not_hide_what_else_is_wrong_with_a_sensor(said: Said) -> None:
    text = GOOD.replace('"fake"', '"nonsense"').replace('"5 s"', '"5"')
    assert [line.split(": ")[:2] for line in said(text)] == [
        ["10", "sensor.plc.driver"],
        ["13", "sensor.plc.every"],
    ]


def test_all_mistakes_are_said_at_once_in_the_order_of_the_file(said: Said) -> None:
    text = (
        GOOD.replace("chu-01", "Chu")
        .replace('path = "s.db"', "paht = 1")
        .replace("mqtt:", "http:")
        .replace('"/dev/ttyUSB0"', '""')
        .replace('bus = "rs485"', 'bus = "x"')
        .replace('"5 s"', '"5"')
        .replace("register = 32", "register = -1")
    )
    lines = [int(line.split(":")[0]) for line in said("[alarm.high]\n" + text)]
    assert lines == [1, 3, 5, 7, 9, 14, 16]


def test_a_file_without_station_and_sensors_lacks_both(said: Said) -> None:
    expected = ['station: missing; write [station] with id = "…"']
    expected.append("sensor: missing; write at least one [sensor.<name>]")
    for text in ("[store]\n", "sensor = {}\n", "[sensor]\n"):
        assert said(text) == [f"1: {line}" for line in expected]


def test_a_flood_of_mistakes_is_cut(said: Said) -> None:
    lines = said("".join(f"x{number} = 1\n" for number in range(1000)) + GOOD)
    assert len(lines) == 51
    assert lines[-1] == "… and 950 more mistakes: mend these first"
