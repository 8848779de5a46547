"""What a value may not be: where it stands, what was found, what is accepted."""

import pytest

from tests.support.fake import GOOD, Said

DURATION = 'a number and a unit, as "500 ms", "60 s", "15 min", "6 h" or "2 d"'
PERIOD = '"10 ms" to "1 d"'
NAME = "1 to 64 of a-z 0-9 -"
HOST = 'a host name or an address, as "plc.example.org" or "192.0.2.10"'
URL = '"mqtt://host:port" or "mqtts://host:port", the port from 1 to 65535'
NO_USER = "a URL without a user: write username and password_file beside it"
TIME = "a time with an offset, as 2026-07-12T08:00:00+06:00"


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
