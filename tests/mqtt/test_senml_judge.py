"""The judge itself, held to the examples and the rules of RFC 8428."""

import json

import cbor2
import pytest

from tests.support import senml

# Section 5.1.2, the second example, and the dump of it in section 6.
AMPERES = """[
  {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,
   "n":"voltage","u":"V","v":120.1},
  {"n":"current","t":-5,"v":1.2},
  {"n":"current","t":-4,"v":1.3},
  {"n":"current","t":-3,"v":1.4},
  {"n":"current","t":-2,"v":1.5},
  {"n":"current","t":-1,"v":1.6},
  {"n":"current","v":1.7}
]"""
AMPERES_CBOR = (
    "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b0010622361412005"
    "0067766f6c7461676501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a30067"
    "63757272656e74062302fb3ff4cccccccccccda3006763757272656e74062202fb3ff6666666666666a30067637572"
    "72656e74062102f93e00a3006763757272656e74062002fb3ff999999999999aa3006763757272656e74060002fb3f"
    "fb333333333333"
)
# Section 5.1.3, shortened.
HUMIDITY = """[
  {"bn":"urn:dev:ow:10e2073a01080063:","bt":1.320067464e+09,"bu":"%RH","v":20},
  {"u":"lon","v":24.30621},
  {"t":60,"v":20.3},
  {"u":"%EL","t":150,"v":98}
]"""


@pytest.fixture
def version_5(monkeypatch: pytest.MonkeyPatch) -> None:
    """The RFC's examples still carry the version of its drafts."""
    monkeypatch.setattr(senml, "VERSION", 5)


@pytest.mark.usefixtures("version_5")
def test_the_rfcs_json_and_cbor_say_the_same() -> None:
    found = senml.resolve(senml.from_json(AMPERES.encode()))
    current = senml.resolve(senml.from_cbor(bytes.fromhex(AMPERES_CBOR)))
    assert [(one["n"], one["u"], one["v"]) for one in found] == [
        (one["n"], one["u"], one["v"]) for one in current
    ]
    assert found[0]["n"] == "urn:dev:ow:10e2073a0108006:voltage"
    assert found[1] == {
        "n": "urn:dev:ow:10e2073a0108006:current",
        "u": "A",
        "t": 1276020071.001,
        "v": 1.2,
    }
    assert current[-1]["t"] == pytest.approx(found[-1]["t"], abs=1e-3)


def test_base_fields_stand_until_they_are_replaced() -> None:
    found = senml.resolve(senml.from_json(HUMIDITY.encode()))
    assert [(one["t"], one["u"], one["v"]) for one in found] == [
        (1320067464.0, "%RH", 20),
        (1320067464.0, "lon", 24.30621),
        (1320067524.0, "%RH", 20.3),
        (1320067614.0, "%EL", 98),
    ]
    senml.check_resolved(found)


def one(**fields: object) -> bytes:
    record = {"n": "a", "t": 1795466700, "v": 1.0, **fields}
    return json.dumps([{k: v for k, v in record.items() if v is not None}]).encode()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b"[1]",
        b'[{"n":"a","t":1795466700,"v":NaN}]',
        b'[{"n":"a","t":1795466700,"v":1,"v":2}]',
        b'[{"n":"a","t":1795466700,"v":1.5E3}]',
        b'[{"n":"a","t":1795466700,"v":1}]\xff',
        one(n="_a"),
        one(n="a b"),
        one(n=""),
        one(n=None),
        one(v=None),
        one(v=True),
        one(v="1"),
        one(vs="text"),
        one(u=1),
        one(t=60),
        one(bver=11),
        one(unknown_=1),
    ],
)
def test_what_the_rfc_forbids_is_an_error(payload: bytes) -> None:
    with pytest.raises(senml.SenmlError):
        senml.resolve(senml.from_json(payload))


@pytest.mark.parametrize(
    "payload",
    [
        b"\x9f" + cbor2.dumps({0: "a", 6: 1795466700, 2: 1.0}) + b"\xff",
        cbor2.dumps({0: "a"}),
        cbor2.dumps([{"n": "a", 6: 1795466700, 2: 1.0}]),
        cbor2.dumps([{0: "a", 6: 1795466700, 2: 1.0, 9: 1}]),
        cbor2.dumps([{0: "a", 6: 1795466700, 8: "text"}]),
        cbor2.dumps([{0: "a", 6: 1795466700, 2: 1.0}]) + b"\x00",
    ],
)
def test_what_the_rfc_forbids_in_cbor_is_an_error(payload: bytes) -> None:
    with pytest.raises(senml.SenmlError):
        senml.resolve(senml.from_cbor(payload))


@pytest.mark.parametrize(
    "records",
    [
        [{"n": "a", "t": 1795466701, "v": 1.0}, {"n": "a", "t": 1795466700, "v": 1.0}],
        [{"bn": "a", "n": "b", "t": 1795466700, "v": 1.0}],
    ],
)
def test_a_resolved_pack_has_no_bases_and_goes_forward(records: list[senml.Record]) -> None:
    with pytest.raises(senml.SenmlError):
        senml.check_resolved(records)
