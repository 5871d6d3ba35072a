"""``[mqtt] host`` in the forms that other programs take: what to write instead is said."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.settings import MqttSettings
from monitor.settings.broker import written_instead


@pytest.mark.parametrize(
    ("host", "keys"),
    [
        ("mqtt://broker.example", {"host": "broker.example"}),
        ("MQTT://broker.example/", {"host": "broker.example"}),
        ("tcp://10.0.0.7:1884", {"host": "10.0.0.7", "port": 1884}),
        ("mqtts://broker.example", {"host": "broker.example", "port": 8883, "tls": True}),
        ("ssl://broker.example:8884", {"host": "broker.example", "port": 8884, "tls": True}),
        ("ws://broker.example", {"host": "broker.example", "port": 80, "transport": "websockets"}),
        (
            "wss://broker.example:8084/mqtt/v1",
            {
                "host": "broker.example",
                "port": 8084,
                "transport": "websockets",
                "tls": True,
                "websocket_path": "/mqtt/v1",
            },
        ),
        ("broker.example:1883", {"host": "broker.example", "port": 1883}),
        ("broker.example:", {"host": "broker.example"}),
        ("broker.example/", {"host": "broker.example"}),
        ("[::1]", {"host": "::1"}),
        ("[2001:db8::7]:8883", {"host": "2001:db8::7", "port": 8883}),
        ("mqtt://[::1]:1883", {"host": "::1", "port": 1883}),
    ],
)
def test_what_to_write_instead(host: str, keys: dict[str, object]) -> None:
    """The keys that say the same can be copied from the answer, and are keys."""
    answer = written_instead(host)

    assert answer
    _, _, written = answer.partition("; write ")
    assert keys == tomllib.loads(written.replace(", ", "\n"))
    MqttSettings(**keys)  # type: ignore[arg-type]  # which of them, the case says


@pytest.mark.parametrize("host", ["user:hunter2@broker.example", "mqtt://u:hunter2@b.example:1883"])
def test_a_password_is_not_repeated(host: str) -> None:
    """Names and passwords have keys of their own; what was written is not shown."""
    answer = written_instead(host)

    assert answer
    assert "username and password" in answer
    assert "hunter2" not in answer


@pytest.mark.parametrize(
    "host", ["a:b:c", " localhost", "localhost\n", "a\u200bb", "unix:///run/m.sock"]
)
def test_what_is_no_host_at_all(host: str) -> None:
    """It is said, in one line."""
    answer = written_instead(host)

    assert answer
    assert "\n" not in answer


@pytest.mark.parametrize("host", ["localhost", "pi.local", "10.0.0.7", "::1", "fe80::1%eth0"])
def test_hosts_stay_as_they_are(host: str) -> None:
    """Names and addresses are what is wanted."""
    assert written_instead(host) is None


@given(st.text(st.sampled_from("a1.:/[]@%-mqtws "), max_size=20) | st.text(max_size=20))
def test_any_text_has_an_answer(host: str) -> None:
    """In one line that can be printed, and nothing is raised."""
    answer = written_instead(host)

    assert answer is None or answer.isprintable()
