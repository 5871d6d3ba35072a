"""Certificates for the tests: an authority of their own, a stranger to it, and files of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import trustme
from cryptography.hazmat.primitives import serialization

HOST: Final = "127.0.0.1"
LONG_AGO: Final = {
    "not_before": datetime(2001, 1, 1, tzinfo=UTC),
    "not_after": datetime(2002, 1, 1, tzinfo=UTC),
}
LONG_FROM_NOW: Final = {
    "not_before": datetime(2101, 1, 1, tzinfo=UTC),
    "not_after": datetime(2102, 1, 1, tzinfo=UTC),
}


@dataclass(frozen=True)
class Files:
    """A certificate and its key, as whoever shows them has them."""

    certificate: Path
    key: Path

    def hold(self, credentials: trustme.LeafCert | trustme.CA) -> None:
        """Put a certificate and its key there, in place of the last ones."""
        (certificate,) = (
            [credentials.cert_pem]
            if isinstance(credentials, trustme.CA)
            else credentials.cert_chain_pems
        )
        certificate.write_to_path(self.certificate)
        credentials.private_key_pem.write_to_path(self.key)

    def lock(self) -> None:
        """Protect the key with a passphrase."""
        key = serialization.load_pem_private_key(self.key.read_bytes(), password=None)
        encryption = serialization.BestAvailableEncryption(b"a passphrase")
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        self.key.write_bytes(key.private_bytes(pem, pkcs8, encryption))


class Certificates:
    """What broker and daemon are given at first: good certificates of one authority."""

    def __init__(self, folder: Path) -> None:
        """Make both authorities, and put the files into a folder."""
        self.authority, self.stranger = trustme.CA(), trustme.CA()
        self.ca_file = folder / "authority.pem"
        self.authority.cert_pem.write_to_path(self.ca_file)
        self.broker = Files(folder / "broker.pem", folder / "broker.key")
        self.broker.hold(self.authority.issue_cert(HOST))
        self.ours = Files(folder / "ours.pem", folder / "ours.key")
        self.ours.hold(self.authority.issue_cert(common_name="monitor"))

    @property
    def listener(self) -> Mapping[str, str]:
        """Settings of mosquitto."""
        return {
            "cafile": str(self.ca_file),
            "certfile": str(self.broker.certificate),
            "keyfile": str(self.broker.key),
        }

    @property
    def trust(self) -> Mapping[str, str]:
        """The daemon's environment: which authority it trusts."""
        return {"MONITOR_MQTT_TLS": "true", "MONITOR_MQTT_CA_FILE": str(self.ca_file)}

    @property
    def identity(self) -> Mapping[str, str]:
        """The daemon's environment: the certificate that it shows."""
        return {
            "MONITOR_MQTT_CERT_FILE": str(self.ours.certificate),
            "MONITOR_MQTT_KEY_FILE": str(self.ours.key),
        }
