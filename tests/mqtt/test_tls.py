"""TLS checks the chain and the host name, always; where it can't be had, a sentence says why."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.config.model import Url
from agent.mqtt.tls import tls_error
from tests.support.certificates import Authority, Certificate, lock
from tests.support.mosquitto import Mosquitto
from tests.support.operator import subscription
from tests.support.publishing import bench
from tests.support.waiting import until


@dataclass(frozen=True)
class Pki:
    """Two authorities and what they signed."""

    ours: Authority
    other: Authority
    server: Certificate
    expired: Certificate
    foreign: Certificate
    station: Certificate
    foreign_station: Certificate


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    ours, other = Authority(folder, "ours"), Authority(folder, "other")
    return Pki(
        ours,
        other,
        server=ours.sign("server"),
        expired=ours.sign("expired", days=-1),
        foreign=other.sign("server"),
        station=ours.sign("chu-01"),
        foreign_station=other.sign("chu-01"),
    )


def secured(folder: Path, shown: Certificate, *lines: str) -> Mosquitto:
    """Return a mosquitto that speaks TLS; an operator listens without, on a port of its own."""
    return Mosquitto(folder, f"certfile {shown.crt}", f"keyfile {shown.key}", *lines)


def url(broker: Mosquitto, host: str = "localhost") -> str:
    return f"mqtts://{host}:{broker.port}"


async def why_not(folder: Path, broker: Mosquitto, host: str = "localhost", **keys: object) -> str:
    """Return what a publisher says that can't connect; everything that it has stays stored."""
    async with broker, bench(folder, 3) as station:
        async with station.publishing(url(broker, host), **keys) as publisher:
            await until(lambda: publisher.facts()["reason"] is not None)
            assert station.store.backlog("ministry") == station.readings
            assert not publisher.facts()["connected"]
        return str(publisher.facts()["reason"]).replace(url(broker, host), "URL")


async def test_a_trusted_broker_gets_everything(tmp_path: Path, pki: Pki) -> None:
    async with (
        secured(tmp_path, pki.server) as broker,
        bench(tmp_path, 300) as station,
        station.publishing(url(broker), ca=str(pki.ours.crt)) as publisher,
    ):
        await until(lambda: not station.store.waiting("ministry"))
        assert publisher.facts()["connected"]
        assert publisher.facts()["unheard"] == 600, "with a reason code: it was the broker's word"


async def test_a_wrong_host_name(tmp_path: Path, pki: Pki) -> None:
    said = await why_not(
        tmp_path, secured(tmp_path, pki.server), host="127.0.0.1", ca=str(pki.ours.crt)
    )
    assert said == (
        "URL isn't trusted: IP address mismatch, certificate is not valid for '127.0.0.1'. "
        "Write the host in url as it stands in the broker's certificate"
    )


async def test_another_authority(tmp_path: Path, pki: Pki) -> None:
    said = await why_not(tmp_path, secured(tmp_path, pki.foreign), ca=str(pki.ours.crt))
    assert said == (
        "URL isn't trusted: unable to get local issuer certificate. "
        "Set ca to the certificate of the authority that signed the broker's"
    )


async def test_an_authority_that_this_machine_does_not_know(tmp_path: Path, pki: Pki) -> None:
    said = await why_not(tmp_path, secured(tmp_path, pki.server))
    assert said == (
        "URL isn't trusted: unable to get local issuer certificate. "
        "Set ca to the certificate of the authority that signed the broker's"
    )


async def test_an_expired_certificate(tmp_path: Path, pki: Pki) -> None:
    said = await why_not(tmp_path, secured(tmp_path, pki.expired), ca=str(pki.ours.crt))
    assert said == (
        "URL isn't trusted: certificate has expired. Check this machine's clock; if it is right, "
        "have the broker's certificate renewed"
    )


@pytest.mark.parametrize(("code", "config"), [(9, False), (10, True)])
def test_a_clock_that_is_not_set_yet_mends_itself_so_it_is_tried_again_soon(
    code: int, config: bool
) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "certificate is not yet valid"
    said = tls_error(Url(scheme="mqtts", host="localhost", port=8883), error)
    assert "Check this machine's clock" in str(said)
    assert said.config is config


async def test_a_port_without_tls(tmp_path: Path, pki: Pki) -> None:
    said = await why_not(tmp_path, Mosquitto(tmp_path), ca=str(pki.ours.crt))
    assert said.startswith(("no TLS with URL: ", "URL can't be reached: "))


async def test_a_station_with_a_certificate_is_let_in_where_one_is_required(
    tmp_path: Path, pki: Pki
) -> None:
    required = (f"cafile {pki.ours.crt}", "require_certificate true")
    open_port = Mosquitto(tmp_path)
    listener = f"listener {open_port.port} 127.0.0.1"
    async with (
        secured(tmp_path, pki.server, *required, listener) as broker,
        subscription(open_port.port) as heard,
        bench(tmp_path, 3) as station,
        station.publishing(
            url(broker),
            ca=str(pki.ours.crt),
            certificate=str(pki.station.crt),
            key=str(pki.station.key),
        ),
    ):
        await until(lambda: len(heard.records) == 6)


async def test_a_station_without_a_certificate_is_told_what_is_missing(
    tmp_path: Path, pki: Pki
) -> None:
    required = (f"cafile {pki.ours.crt}", "require_certificate true")
    said = await why_not(tmp_path, secured(tmp_path, pki.server, *required), ca=str(pki.ours.crt))
    assert said == (
        "no TLS with URL: tlsv13 alert certificate required. "
        "The broker may want the station's own: set certificate and key"
    )


async def test_a_certificate_of_another_authority_is_told_from_none(
    tmp_path: Path, pki: Pki
) -> None:
    required = (f"cafile {pki.ours.crt}", "require_certificate true")
    said = await why_not(
        tmp_path,
        secured(tmp_path, pki.server, *required),
        ca=str(pki.ours.crt),
        certificate=str(pki.foreign_station.crt),
        key=str(pki.foreign_station.key),
    )
    assert said == (
        "no TLS with URL: tlsv1 alert unknown ca. "
        "The broker doesn't accept the station's certificate"
    )


async def test_a_key_that_belongs_to_another_certificate(tmp_path: Path, pki: Pki) -> None:
    keys = {"certificate": str(pki.station.crt), "key": str(pki.foreign_station.key)}
    said = await why_not(tmp_path, Mosquitto(tmp_path), **keys)
    assert said == (
        f"certificate {keys['certificate']} and key {keys['key']} don't belong together. "
        "Set the key that the certificate was made for"
    )


async def test_a_key_with_a_passphrase_asks_nobody_for_it(tmp_path: Path, pki: Pki) -> None:
    keys = {"certificate": str(pki.station.crt), "key": str(lock(pki.station.key, "secret"))}
    said = await why_not(tmp_path, Mosquitto(tmp_path), **keys)
    assert said == (
        f"certificate {keys['certificate']} and key {keys['key']} can't be used. "
        "Both must be PEM files, and the key without a passphrase"
    )


async def test_an_authority_file_without_a_certificate(tmp_path: Path) -> None:
    empty = tmp_path / "ca.crt"
    for content in (b"", b"\xff\xfe", b"no certificate"):
        empty.write_bytes(content)
        folder = tmp_path / f"{len(content)}"
        folder.mkdir()
        said = await why_not(folder, Mosquitto(folder), ca=str(empty))
        assert said == (
            f"ca {empty} holds no certificate. It must be a PEM file, with BEGIN CERTIFICATE"
        )


@pytest.mark.parametrize("missing", ["ca", "certificate", "key"])
async def test_a_file_that_is_not_there_is_named(tmp_path: Path, pki: Pki, missing: str) -> None:
    keys = {
        "ca": str(pki.ours.crt),
        "certificate": str(pki.station.crt),
        "key": str(pki.station.key),
    } | {missing: str(tmp_path / "none")}
    assert await why_not(tmp_path, Mosquitto(tmp_path), **keys) == (
        f"{missing} {tmp_path / 'none'} can't be read: No such file or directory. "
        "Have the file there, readable for the user that runs aryk"
    )


async def test_a_new_certificate_on_the_disk_is_used_at_the_next_connection(
    tmp_path: Path, pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.mqtt.backoff._FAULT", 0.1)
    trusted = tmp_path / "trusted.crt"
    trusted.write_bytes(pki.other.crt.read_bytes())
    async with (
        secured(tmp_path, pki.server) as broker,
        bench(tmp_path, 3) as station,
        station.publishing(url(broker), ca=str(trusted)) as publisher,
    ):
        await until(lambda: publisher.facts()["reason"] is not None)
        trusted.write_bytes(pki.ours.crt.read_bytes())
        await until(lambda: not station.store.waiting("ministry"))
