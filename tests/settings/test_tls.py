"""``monitor.settings.tls``: what is asked of a broker (the rest needs one: see faults/test_tls)."""

from __future__ import annotations

import ssl

from monitor.settings import MqttSettings
from monitor.settings.tls import make_context


def test_a_broker_must_prove_who_it_is() -> None:
    """By a certificate that is trusted, for its name, over TLS 1.2 at least."""
    context = make_context(MqttSettings(tls=True))

    assert ssl.CERT_REQUIRED == context.verify_mode
    assert context.check_hostname
    assert ssl.TLSVersion.TLSv1_2 == context.minimum_version
