"""Certificates of a test's own authority, made with the openssl command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=20)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as PEM files."""

    crt: Path
    key: Path


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")


class Authority:
    """Signs certificates.

    Attributes:
        crt: what a client trusts.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Make the authority's own certificate in a folder."""
        self._folder, self._name = folder, name
        self.crt, self._key = folder / f"{name}.crt", folder / f"{name}.key"
        _openssl(
            *("req", "-x509", *_NEW_KEY, "-keyout", self._key, "-out", self.crt),
            *("-days", "2", "-subj", f"/CN={name}", "-addext", "keyUsage=keyCertSign"),
        )

    def sign(self, name: str, san: str = "DNS:localhost", days: int = 2) -> Certificate:
        """Make a certificate for a host or a station.

        Args:
            name: its common name, and the name of its files.
            san: the names it is good for.
            days: for how long; a negative number for one that has expired.
        """
        stem = self._folder / f"{self._name}-{name}"
        made = Certificate(stem.with_suffix(".crt"), stem.with_suffix(".key"))
        request = stem.with_suffix(".csr")
        _openssl(
            *("req", *_NEW_KEY, "-keyout", made.key, "-out", request),
            *("-subj", f"/CN={name}", "-addext", f"subjectAltName={san}"),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.crt, "-CAkey", self._key),
            *("-days", str(days), "-copy_extensions", "copy", "-out", made.crt),
        )
        return made


def lock(key: Path, passphrase: str) -> Path:
    """Return a copy of a key that is locked with a passphrase."""
    locked = key.with_suffix(".locked")
    _openssl("ec", "-in", key, "-aes256", "-passout", f"pass:{passphrase}", "-out", locked)
    return locked
