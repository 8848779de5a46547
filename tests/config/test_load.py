import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import Config, ConfigError, Mistake, find, load

GOOD = """\
[station]
id = "chu-01"
codes = { hydromet = "16936" }

[broker.ministry]
url = ["mqtts://[2001:db8::1]", "mqtt://mqtt.example.org:1884"]
latest = "off"

[sensor.canal]
driver = "simulator"
every = "5 s"
[sensor.canal.fault.gusts]
kind = "spike"
"""


def loaded(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "station.toml"
    file.write_text(text)
    return load(file)


def test_a_right_file_becomes_typed_tables(tmp_path: Path) -> None:
    config = loaded(tmp_path, GOOD)
    assert config.station.id == "chu-01"
    assert config.station.codes == {"hydromet": "16936"}
    urls = config.brokers["ministry"].url
    assert list(map(str, urls)) == ["mqtts://[2001:db8::1]:8883", "mqtt://mqtt.example.org:1884"]
    assert [url.tls for url in urls] == [True, False]
    assert config.brokers["ministry"].latest is None
    assert config.sensors["canal"].config.every == 5.0


def test_a_path_of_the_store_starts_from_the_files_own_folder(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD).store.path == "/var/lib/aryk/station.db"
    relative = GOOD + '[store]\npath = "data/s.db"\n'
    assert loaded(tmp_path, relative).store.path == str(tmp_path / "data/s.db")


def test_nothing_of_it_can_be_changed(tmp_path: Path) -> None:
    config = loaded(tmp_path, GOOD)
    for table, key in (
        (config, "file"),
        (config.station, "id"),
        (config.brokers["ministry"], "ca"),
    ):
        with pytest.raises((AttributeError, ValueError), match=r"frozen|cannot assign"):
            setattr(table, key, "x")


OVERLAP = """\
[station]
id = "chu-01"
[bus.plc]
host = "192.0.2.10"
[sensor.gauge]
driver = "modbus"
bus = "plc"
address = 1
every = "10 s"
channel.stage = { register = 10, type = "float32", unit = "m" }
channel.flow = { register = 11, type = "uint16", unit = "m3/s" }
"""


def test_registers_that_overlap_are_refused_with_both_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, OVERLAP)
    (mistake,) = caught.value.mistakes
    assert mistake.key.startswith("sensor.gauge")
    assert {"stage", "flow"} <= set(re.findall(r"\w+", str(mistake)))
    assert loaded(tmp_path, OVERLAP.replace("register = 11", "register = 12"))


def outcome(file: Path, content: bytes) -> None:
    """Load, and let nothing but a ConfigError with places in the file pass."""
    file.write_bytes(content)
    said: list[Mistake] = []
    try:
        load(file)
    except ConfigError as error:
        said = error.mistakes
    assert all(0 <= mistake.line <= content.count(b"\n") + 1 for mistake in said)
    assert all(str(mistake).isprintable() for mistake in said)


def test_a_file_cut_at_any_byte_is_a_config_or_mistakes(tmp_path: Path) -> None:
    for length in range(len(GOOD)):
        outcome(tmp_path / "station.toml", GOOD.encode()[:length])


ODD = [
    *("[", "]", "[[", "]]", "{", "}", "=", ".", ",", '"', "'", '"""', "\n", "#", "\\", "\t", "\r"),
    *(
        "{}",
        "[]",
        "[[]]",
        "[{}]",
        "nan",
        "-inf",
        "0",
        "-1",
        "1e999",
        "true",
        "0xffffffffffffffffff",
    ),
    *(
        "\x7f",
        '""',
        "'\\u0000'",
        '"\\u0000"',
        "2026-07-12",
        "08:00:00",
        "ключ = 1\n",
        '"a\\nb" = 1\n',
    ),
    *("[bus]\n", "[sensor]\n", "[[sensor]]\n", "[sensor.canal]\n", '[sensor."a.b"]\n', "bus = 1\n"),
    *("sensor.x.y.z = 1\n", "\n[bus.b]\n", '\nbus = "b"\n', "[[sensor.canal.fault]]\n"),
]
EDIT = st.tuples(st.integers(0, len(GOOD)), st.integers(0, 12), st.sampled_from(ODD))


@given(st.lists(EDIT, max_size=4))
def test_no_edit_of_a_file_gives_anything_but_mistakes(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, str]]
) -> None:
    text = GOOD
    for position, removed, added in edits:
        text = text[:position] + added + text[position + removed :]
    outcome(tmp_path_factory.getbasetemp() / "edited.toml", text.encode())


def test_the_file_is_the_one_given_or_named_or_the_first_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = tmp_path / "named.toml"
    named.touch()
    Path("station.toml").touch()
    monkeypatch.setenv("ARYK_CONFIG", str(named))
    assert find(Path("given.toml")) == Path("given.toml")
    assert find(None) == named
    monkeypatch.setenv("ARYK_CONFIG", "")
    assert find(None) == Path("station.toml")


def test_a_file_that_is_named_but_not_there_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("station.toml").touch()
    monkeypatch.setenv("ARYK_CONFIG", "/nowhere/named.toml")
    with pytest.raises(ConfigError, match=r"/nowhere/named.toml: \$ARYK_CONFIG names this file"):
        find(None)


@pytest.mark.skipif(os.path.exists("/etc/aryk"), reason="this machine is a station")  # noqa: PTH110
def test_no_file_anywhere_is_said_with_the_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARYK_CONFIG", raising=False)
    with pytest.raises(ConfigError, match=r"station.toml: .*/etc/aryk/station.toml.*-c"):
        find(None)
