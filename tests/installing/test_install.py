"""Which steps there are, as far as they can be known without a systemd; `make boot` has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.installing import install, mosquitto
from monitor.installing.places import Places
from monitor.installing.step import InstallError


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A root with nothing in it but the folder of the configuration."""
    made = Places(tmp_path)
    made.settings.mkdir(parents=True)
    return made


@pytest.mark.parametrize(
    ("config", "broker"),
    [
        ('[mqtt]\nhost = "broker.example"\n', "broker.example:1883"),
        ("[mqtt]\nport = 8883\n", "localhost:8883"),
        # Wrong, or right with the environment's help: for the daemon to say at its start.
        ('[mqtt]\nhost = "broker.example"\nnonsense = 1\n', "broker.example:1883"),
    ],
)
def test_a_broker_elsewhere(places: Places, config: str, broker: str) -> None:
    """Where the configuration names another broker, a mosquitto here is left alone."""
    places.config.write_text(config)
    (step,) = install.broker_steps(places)

    assert step.do is None
    assert f"keep     broker: {broker}, as the configuration says" == str(step)


def test_no_broker_here(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no mosquitto, it is said how to come by one."""
    monkeypatch.setattr(mosquitto, "_SYSTEM_PATH", "")
    places.config.write_text('mqtt = "nonsense"\n')
    (step,) = install.broker_steps(places)

    assert step.do is None
    assert "apt install mosquitto" in step.what


def test_a_configuration_that_is_none(places: Places) -> None:
    """A configuration that cannot be read is to be corrected before anything is done."""
    places.config.write_text("[mqtt\n")

    with pytest.raises(InstallError, match=r"config\.toml: not valid TOML: .*correct it"):
        install.broker_steps(places)


def test_an_image_with_mosquitto(places: Places) -> None:
    """Below another root a mosquitto's settings are among the files, unless they are not wanted."""
    places.broker.parent.mkdir(parents=True)
    places.mosquitto.write_text("include_dir /etc/mosquitto/conf.d\n")

    found = [step.what for step in install.files_alone(places)]
    assert [str(path) for path in (places.config, places.broker, places.unit)] == found
    found = [step.what for step in install.files_alone(places, broker=False)]
    assert [str(path) for path in (places.config, places.unit)] == found
