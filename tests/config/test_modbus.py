"""What a technician is told of a Modbus sensor: where, what was found, what is accepted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.config import Config, ConfigError, load

Said = Callable[[str], list[str]]

HEAD = """[station]
id = "chu-01"
[bus.rs485]
device = "/dev/ttyUSB0"
[bus.weir]
host = "192.0.2.10"
[sensor.radar]
driver = "modbus"
address = 1
every = "60 s"
"""
MODEL = HEAD + 'bus = "rs485"\n'
OWN = MODEL + '[sensor.radar.channel.stage]\nregister = 0\ntype = "uint16"\nunit = "m"\n'


def config(text: str, folder: Path) -> Config:
    file = folder / "station.toml"
    file.write_text(text)
    return load(file)


@pytest.fixture
def said(tmp_path: Path) -> Said:
    def mistakes(text: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            config(text, tmp_path)
        return [
            str(mistake).removeprefix(f"{tmp_path}/station.toml:")
            for mistake in caught.value.mistakes
        ]

    return mistakes


def channels(text: str, folder: Path) -> list[str]:
    (sensor,) = config(text, folder).sensors.values()
    return [channel.name for channel in sensor.config.channel_list()]


def test_a_model_brings_its_channels_in_the_order_they_are_asked_for(tmp_path: Path) -> None:
    text = MODEL + 'model = "geolux-lx80"\n'
    assert channels(text, tmp_path)[:2] == ["distance", "distance_now"]
    text += 'channels = ["snr", "distance"]\n'
    assert channels(text, tmp_path) == ["snr", "distance"]


def test_channels_of_ones_own_stand_beside_a_models(tmp_path: Path) -> None:
    text = MODEL + 'model = "geolux-lx80"\nchannels = ["distance"]\n'
    text += '[sensor.radar.channel.filter]\nregister = 27\ntype = "uint16"\nunit = "/"\n'
    assert channels(text, tmp_path) == ["distance", "filter"]


def test_a_channel_of_a_model_may_be_told_otherwise_key_by_key(tmp_path: Path) -> None:
    text = MODEL + 'model = "ott-pls500"\nchannels = ["level"]\n'
    text += '[sensor.radar.channel.level]\nraw_unit = "cm"\n'
    (sensor,) = config(text, tmp_path).sensors.values()
    level = sensor.config.channel["level"]
    assert (level.register_, level.raw_unit, level.unit) == (100, "cm", "m")


def test_what_the_model_leaves_open_is_given_by_the_station(tmp_path: Path) -> None:
    text = MODEL + 'model = "ads-triton"\n[sensor.radar.channel.depth]\norder = "CDAB"\n'
    assert channels(text, tmp_path) == ["depth"]


def test_a_channel_that_only_qualifies_another_is_read_and_not_published(tmp_path: Path) -> None:
    text = MODEL + 'model = "tuf-2000m"\nchannels = ["flow"]\n'
    assert channels(text, tmp_path) == ["flow"]
    (sensor,) = config(text, tmp_path).sensors.values()
    asked = [request.text for request in sensor.config.requests()]
    assert asked == ["holding 0 to 71", "holding 96 to 97"]


def test_so_is_one_that_the_station_itself_names(tmp_path: Path) -> None:
    text = (
        MODEL + 'model = "geolux-lx80"\nchannels = ["distance"]\n[sensor.radar.channel.distance]\n'
    )
    text += 'good_when = [{ channel = "snr", above = 12, quality = 3, why = "weak-echo" }]\n'
    assert channels(text, tmp_path) == ["distance"]
    (sensor,) = config(text, tmp_path).sensors.values()
    asked = [request.text for request in sensor.config.requests()]
    assert asked == ["holding 1", "holding 26"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            MODEL + 'model = "geolux-lx8"\n',
            (
                '12: sensor.radar.model: found "geolux-lx8"; accepted is a model of the device '
                'library (see: aryk devices); did you mean "geolux-lx80"?'
            ),
        ),
        (
            MODEL + 'model = "nivus-nivusonic"\nchannels = ["flow", "stage"]\n',
            (
                '13: sensor.radar.channels: found ["flow", "stage"]; accepted is channels of '
                "nivus-nivusonic: flow, level, velocity, temperature, air_temperature"
            ),
        ),
        (
            MODEL + 'model = "ads-triton"\nchannels = ["depth"]\n',
            (
                "7: sensor.radar: accepted is order in [sensor.….channel.depth]: the device's "
                "settings decide, or its manual doesn't say"
            ),
        ),
        (
            MODEL + 'model = "geolux-lx80"\n[sensor.radar.channel.distance]\nraw_unti = "cm"\n',
            "14: sensor.radar.channel.distance.raw_unti: unknown key; did you mean raw_unit?",
        ),
        (
            OWN + "scale = inf\n",
            "16: sensor.radar.channel.stage.scale: found inf; accepted is a finite number",
        ),
        (
            OWN + "span = [[0, 1], [0, nan]]\n",
            "16: sensor.radar.channel.stage.span[1][1]: found nan; accepted is a finite number",
        ),
        (
            OWN + "good_when = [{ register = 200, is = 0 }]\n",
            (
                "7: sensor.radar: accepted is a value with what qualifies it within one request, "
                "of at most 125: stage needs holding 0 to 200; for a register that is further "
                "away, make it a channel and name that in good_when"
            ),
        ),
        (
            OWN + 'good_when = [{ channel = "snr", above = 12 }]\n',
            "7: sensor.radar: accepted is in good_when of stage no snr but one of stage",
        ),
        (
            OWN + "good_when = [{ register = 1, bit = 0 }]\n",
            (
                "16: sensor.radar.channel.stage.good_when[0]: accepted is one of is, above, below; "
                "the last two may stand together"
            ),
        ),
        (
            OWN + "good_when = [{ register = 1, is = 0, quality = 2 }]\n",
            "16: sensor.radar.channel.stage.good_when[0].quality: found 2; accepted is 3 or 4",
        ),
        (
            OWN.replace('unit = "m"\n', ""),
            '12: sensor.radar.channel.stage: accepted is a published unit, as unit = "m"',
        ),
        (
            OWN.replace("uint16", "string"),
            (
                "12: sensor.radar.channel.stage: accepted is length, in characters, with type = "
                '"string", and only there'
            ),
        ),
        (
            OWN + "about = true\n",
            (
                "12: sensor.radar.channel.stage: accepted is a string, or about = true, "
                "without unit: no reading"
            ),
        ),
        (
            OWN.replace('bus = "rs485"', 'bus = "weir"\nparity = "even"'),
            (
                '12: sensor.radar.parity: found "even"; accepted is no parity on a TCP gateway: it '
                "has its own"
            ),
        ),
    ],
)
def test_a_mistake_is_said_with_its_line(said: Said, text: str, sentence: str) -> None:
    assert [line for line in said(text) if line.startswith(sentence)], said(text)


def test_one_mistake_is_said_once(said: Said) -> None:
    assert len(said(MODEL + 'model = "geolux-lx8"\n')) == 1
    assert len(said(OWN + 'scale = "2"\n')) == 1


def test_the_address_of_everybody_is_no_sensors_on_a_line(said: Said) -> None:
    accepted = "1 to 247 on a line; 0 means all devices, and none answers it"
    assert said(OWN.replace("address = 1", "address = 0")) == [
        f"9: sensor.radar.address: found 0; accepted is {accepted}"
    ]
