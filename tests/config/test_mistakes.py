"""Every kind of mistake: where it stands, what was found, what is accepted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.config import ConfigError, load
from drivers import registry
from tests.support.fake import FakeDriver

Said = Callable[[str], list[str]]

GOOD = """\
[station]
id = "chu-01"
[store]
path = "s.db"
[broker.ministry]
url = "mqtt://example.org"
[bus.rs485]
device = "/dev/ttyUSB0"
[sensor.plc]
driver = "fake"
bus = "rs485"
address = 7
every = "5 s"
[sensor.plc.channel.stage]
register = 32
"""

DURATION = 'a number and a unit, as "500 ms", "60 s", "15 min", "6 h" or "2 d"'
PERIOD = '"10 ms" to "1 d"'
NAME = "1 to 64 of a-z 0-9 -"
HOST = 'a host name or an address, as "plc.example.org" or "192.0.2.10"'
URL = '"mqtt://host:port" or "mqtts://host:port", the port from 1 to 65535'
URLS = '"mqtts://host:port", or a list of such URLs'
NO_USER = "a URL without a user: write username and password_file beside it"
BUS = "either device (a serial line), host (a TCP gateway) or replay (a recorded trace)"
TIME = "a time with an offset, as 2026-07-12T08:00:00+06:00"
STATION_KEYS = "codes, elevation, id, latitude, longitude, name, timezone"


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.setattr(registry, "names", lambda: ["fake"])
    monkeypatch.setattr(registry, "load", {"fake": FakeDriver}.__getitem__)
    file = tmp_path / "station.toml"

    def mistakes(text: str) -> list[str]:
        file.write_text(text)
        try:
            load(file)
        except ConfigError as error:
            return [line.removeprefix(f"{file}:") for line in str(error).splitlines()]
        return []

    return mistakes


def test_the_good_one_is_good(said: Said) -> None:
    assert said(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        # names
        ("chu-01", "chu/01", f'2: station.id: found "chu/01"; accepted is {NAME}'),
        ("chu-01", "Chu-01", f'2: station.id: found "Chu-01"; accepted is {NAME}'),
        ("chu-01", "", f'2: station.id: found ""; accepted is {NAME}'),
        ("chu-01", "a" * 65, f'2: station.id: found "{"a" * 58}…; accepted is {NAME}'),
        (".ministry]", ".Ministry]", f'5: broker.Ministry: found "Ministry"; accepted is {NAME}'),
        (".ministry]", '."a.b"]', f'5: broker."a.b": found "a.b"; accepted is {NAME}'),
        (
            ".channel.stage",
            ".channel.Stage",
            '14: sensor.plc.channel.Stage: found "Stage"; accepted is 1 to 64 of a-z 0-9 _',
        ),
        # types
        ('"chu-01"', "5", "2: station.id: found 5; accepted is a text in quotes"),
        (
            "register = 32",
            "register = 32.0",
            "15: sensor.plc.channel.stage.register: found 32.0; accepted is a whole number",
        ),
        (
            "register = 32",
            'register = "32"',
            '15: sensor.plc.channel.stage.register: found "32"; accepted is a whole number',
        ),
        (
            "address = 7",
            "address = 7.5",
            "12: sensor.plc.address: found 7.5; accepted is a whole number or a text in quotes",
        ),
        (
            "address = 7",
            "address = 7\non = 1",
            "13: sensor.plc.on: found 1; accepted is true or false",
        ),
        (
            "address = 7",
            "address = 7\nlist = 1",
            "13: sensor.plc.list: found 1; accepted is a list in brackets",
        ),
        (
            "address = 7",
            "address = 7\nsince = 2026-07-12T08:00:00",
            f"13: sensor.plc.since: found 2026-07-12T08:00:00; accepted is {TIME}",
        ),
        (
            "address = 7",
            "address = 7\nsince = 2026-07-12",
            f"13: sensor.plc.since: found 2026-07-12; accepted is {TIME}",
        ),
        (
            "address = 7",
            "address = 7\nday = 08:00:00",
            "13: sensor.plc.day: found 08:00:00; accepted is a day, as 2026-07-12",
        ),
        (
            '"chu-01"',
            '"chu-01"\nlatitude = "42"',
            '3: station.latitude: found "42"; accepted is a number',
        ),
        (
            '"chu-01"',
            '"chu-01"\nlatitude = nan',
            "3: station.latitude: found nan; accepted is a finite number",
        ),
        (
            '"chu-01"',
            '"chu-01"\nlatitude = -inf',
            "3: station.latitude: found -inf; accepted is a finite number",
        ),
        (
            '"chu-01"',
            '"chu-01"\ncodes = { hydromet = 1 }',
            "3: station.codes.hydromet: found 1; accepted is a text in quotes",
        ),
        ('"chu-01"', '"chu-01"\ncodes = "a"', '3: station.codes: found "a"; accepted is a table'),
        # bounds
        (
            '"chu-01"',
            '"chu-01"\nlatitude = 91',
            "3: station.latitude: found 91; accepted is at most 90",
        ),
        (
            '"chu-01"',
            '"chu-01"\nlatitude = -90.5',
            "3: station.latitude: found -90.5; accepted is at least -90",
        ),
        (
            "register = 32",
            "register = 65536",
            "15: sensor.plc.channel.stage.register: found 65536; accepted is at most 65535",
        ),
        (
            "address = 7",
            "address = 7\nprobe.depth = 0",
            "13: sensor.plc.probe.depth: found 0; accepted is more than 0",
        ),
        (
            "address = 7",
            "address = 7\nprobe.depth = 10.0",
            "13: sensor.plc.probe.depth: found 10.0; accepted is less than 10",
        ),
        (
            "address = 7",
            "address = 7\neven = 3",
            "13: sensor.plc.even: found 3; accepted is a multiple of 2",
        ),
        (
            "address = 7",
            'address = 7\nword = "a"',
            '13: sensor.plc.word: found "a"; accepted is a text of 2 or more characters',
        ),
        (
            "address = 7",
            'address = 7\nword = "aaaaa"',
            '13: sensor.plc.word: found "aaaaa"; accepted is a text of 4 or fewer characters',
        ),
        (
            "address = 7",
            "address = 7\nlist = []",
            "13: sensor.plc.list: found []; accepted is at least 1 of them",
        ),
        (
            "address = 7",
            "address = 7\nlist = [1, 2, 3, 4]",
            "13: sensor.plc.list: found [1, 2, 3, 4]; accepted is at most 3 of them",
        ),
        (
            "address = 7",
            'address = 7\ncode = "a"',
            '13: sensor.plc.code: found "a"; accepted is a text that matches ^[A-Z]+$',
        ),
        (
            "register = 32",
            "register = 1\nspan = [0.0]",
            "16: sensor.plc.channel.stage.span: found [0.0]; accepted is a longer list",
        ),
        (
            "register = 32",
            "register = 1\nspan = [0.0, inf]",
            "16: sensor.plc.channel.stage.span[1]: found inf; accepted is a finite number",
        ),
        (
            "address = 7",
            "address = 7\neven = 9223372036854775808",
            (
                "13: sensor.plc.even: found 9223372036854775808; "
                "accepted is a whole number of at most 64 bits"
            ),
        ),
        # words of a list
        (
            "register = 32",
            'register = 1\norder = "abcd"',
            '16: sensor.plc.channel.stage.order: found "abcd"; accepted is "ABCD" or "DCBA"',
        ),
        (
            "org",
            'org"\nprotocol = "5',
            '7: broker.ministry.protocol: found "5"; accepted is 3 or 5',
        ),
        # durations
        ('"5 s"', '"0 s"', f'13: sensor.plc.every: found "0 s"; accepted is {PERIOD}'),
        (
            '"5 s"',
            '"1000000000 s"',
            f'13: sensor.plc.every: found "1000000000 s"; accepted is {PERIOD}',
        ),
        (
            '"5 s"',
            f'"{"9" * 400} s"',
            f'13: sensor.plc.every: found "{"9" * 58}…; accepted is {DURATION}',
        ),
        ('"5 s"', '"-5 s"', f'13: sensor.plc.every: found "-5 s"; accepted is {DURATION}'),
        ('"5 s"', '"1e9 s"', f'13: sensor.plc.every: found "1e9 s"; accepted is {DURATION}'),
        ('"5 s"', '"5 sec"', f'13: sensor.plc.every: found "5 sec"; accepted is {DURATION}'),
        ('"5 s"', '"\u0665 s"', f'13: sensor.plc.every: found "\u0665 s"; accepted is {DURATION}'),
        ('"5 s"', "5", f"13: sensor.plc.every: found 5; accepted is {DURATION}"),
        ('"5 s"', "inf", f"13: sensor.plc.every: found inf; accepted is {DURATION}"),
        (
            "org",
            'org"\nlatest = "0 s',
            f'7: broker.ministry.latest: found "0 s"; accepted is {PERIOD}, or "off"',
        ),
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
        ('"s.db"', '"s.db"\nx = 1', "5: store.x: unknown key; accepted is path"),
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
        # places and secrets
        ('"s.db"', '""', '4: store.path: found ""; accepted is a path'),
        ('"s.db"', '"a\\u0000"', '4: store.path: found "a\\u0000"; accepted is a path'),
        (
            '"chu-01"',
            '"chu-01"\ntimezone = "Asia/Bishkekk"',
            (
                '3: station.timezone: found "Asia/Bishkekk"; accepted is a name of the '
                'IANA time zone database, as "Asia/Bishkek"'
            ),
        ),
        (
            "mqtt:",
            "http:",
            f'6: broker.ministry.url: found "http://example.org"; accepted is {URL}',
        ),
        ("example.org", "a:0", f'6: broker.ministry.url: found "mqtt://a:0"; accepted is {URL}'),
        ("example.org", "[::1", f'6: broker.ministry.url: found "mqtt://[::1"; accepted is {URL}'),
        ("example.org", "a b", f'6: broker.ministry.url: found "mqtt://a b"; accepted is {HOST}'),
        (
            "example.org",
            "chu:s3cret@example.org",
            f'6: broker.ministry.url: found "…@example.org"; accepted is {NO_USER}',
        ),
        (
            "org",
            'org"\npassword = "s3cret',
            "7: broker.ministry.password: unknown key; did you mean password_file?",
        ),
        (
            "[broker.ministry]",
            '[[broker.ministry]]\npassword = "s3cret"',
            "5: broker.ministry: found an array of tables; accepted is a table [broker.<name>]",
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
