"""The brokers: where each comes from, its settings, and the command that runs it in front."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from tests.brokers.parcels import UnavailableError, debian, npm, pypi
from tests.processes import free_port


@dataclass(frozen=True)
class Command:
    """What runs a broker."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    afterwards: tuple[str, ...] = ()
    """What ends that which has left the broker's group of processes."""


class Kind(ABC):
    """A broker that other people wrote."""

    name: ClassVar[str]
    source: ClassVar[str]
    login: ClassVar[tuple[str, str]] = ("", "")
    """User and password, if it wants any."""

    def __init__(self, folder: Path) -> None:
        """Have it in a folder, which is kept from one run to the next."""
        self.folder = folder

    @abstractmethod
    def fetch(self) -> str:
        """Get it, if it is not there, and return its version.

        Raises:
            UnavailableError: if it cannot be had here.
        """

    @abstractmethod
    def command(self, port: int, state: Path) -> Command:
        """Write its settings, and say what runs it.

        Args:
            port: where it is to listen for MQTT.
            state: a folder for all that it writes, the same over its restarts.
        """


class Mosquitto(Kind):
    """As in systemd/mosquitto.conf."""

    name, source = "mosquitto", "Debian"

    def fetch(self) -> str:
        """Take the installed one, or unpack it."""
        said = subprocess.run([self._program(), "-h"], capture_output=True, text=True, check=False)
        return _version(said.stdout + said.stderr)

    def _program(self) -> str:
        installed = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        return installed or str(debian(self.folder, "mosquitto") / "usr/sbin/mosquitto")

    def command(self, port: int, state: Path) -> Command:
        """Queues on disk."""
        (state / "mosquitto.conf").write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {state}/\nmax_queued_messages 100000\n"
            f"max_inflight_messages 0\nuser {'root' if os.getuid() == 0 else ''}\n".replace(
                "user \n", ""
            )
        )
        return Command((self._program(), "-c", str(state / "mosquitto.conf")))


class _Erlang(Kind):
    """What runs on Debian's Erlang."""

    def _erlang(self, root: Path, state: Path) -> dict[str, str]:
        erlang = root / "usr/lib/erlang"
        return {
            "PATH": f"{erlang}/bin:{os.environ.get('PATH', '')}",
            "HOME": str(state),
            # Erlang's daemon for finding nodes: not the one that a machine may have.
            "ERL_EPMD_PORT": str(_once(state / "epmd-port")),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }


class RabbitMQ(_Erlang):
    """With its plugin rabbitmq_mqtt."""

    name, source = "RabbitMQ", "Debian"

    def fetch(self) -> str:
        """Unpack it."""
        return self._home().name.rpartition("-")[2]

    def _home(self) -> Path:
        root = debian(self.folder, "rabbitmq-server")
        homes = sorted(root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*"))
        if not homes:
            raise UnavailableError("installed on this machine: remove it, or try it by hand")
        return homes[0]

    def command(self, port: int, state: Path) -> Command:
        """MQTT alone, for everybody."""
        (state / "rabbitmq.conf").write_text(
            f"listeners.tcp = none\nmqtt.listeners.tcp.1 = 127.0.0.1:{port}\n"
            "mqtt.allow_anonymous = true\nmqtt.prefetch = 1000\n"
            "mqtt.subscription_ttl = 604800000\nlog.console = true\n"
        )
        (state / "enabled").write_text("[rabbitmq_mqtt].\n")
        home = self._home()
        return Command(
            (str(home / "sbin/rabbitmq-server"),),
            {
                **self._erlang(debian(self.folder, "rabbitmq-server"), state),
                "RABBITMQ_HOME": str(home),
                "RABBITMQ_NODENAME": "monitor@localhost",
                "RABBITMQ_DIST_PORT": str(_once(state / "dist-port")),
                "RABBITMQ_MNESIA_BASE": str(state / "mnesia"),
                "RABBITMQ_LOG_BASE": str(state / "log"),
                "RABBITMQ_CONFIG_FILE": str(state / "rabbitmq.conf"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(state / "enabled"),
                "RABBITMQ_CONF_ENV_FILE": str(state / "none"),
            },
            ("epmd", "-kill"),
        )


class Ejabberd(_Erlang):
    """With its module mod_mqtt."""

    name, source = "ejabberd", "Debian"
    login = ("monitor@localhost", "any")

    def fetch(self) -> str:
        """Unpack it."""
        return self._library().name.removeprefix("ejabberd-").partition("-")[0]

    def _library(self) -> Path:
        root = debian(self.folder, "ejabberd")
        for app in root.glob("usr/lib/*/ejabberd-*/ebin/ejabberd.app"):
            return app.parent.parent
        raise UnavailableError("installed on this machine: remove it, or try it by hand")

    def command(self, port: int, state: Path) -> Command:
        """MQTT alone, for everybody; messages for who is away are its own default."""
        (state / "ejabberd.yml").write_text(
            "hosts: [localhost]\nloglevel: info\ndefault_db: mnesia\n"
            "auth_method: [anonymous]\nallow_multiple_connections: true\n"
            "anonymous_protocol: login_anon\n"
            "listen:\n"
            f'  - {{port: {port}, ip: "127.0.0.1", module: mod_mqtt, backlog: 1000}}\n'
            "modules:\n"
            "  mod_mqtt:\n"
            "    db_type: mnesia\n    session_expiry: 7 days\n    max_queue: 100000\n"
            '    access_publish: {"#": all}\n    access_subscribe: {"#": all}\n'
        )
        library = self._library()
        return Command(
            (
                *(
                    "erl",
                    "+S",
                    "1:1",
                    "+sbwt",
                    "none",
                    "-noinput",
                    "-mnesia",
                    "dir",
                    f'"{state / "mnesia"}"',
                ),
                *("-s", "ejabberd"),
            ),
            {
                **self._erlang(debian(self.folder, "ejabberd"), state),
                "ERL_LIBS": str(library.parent),
                "EJABBERD_CONFIG_PATH": str(state / "ejabberd.yml"),
                "EJABBERD_LOG_PATH": str(state / "ejabberd.log"),
                "SPOOL_DIR": str(state),
            },
        )


class Nats(Kind):
    """With MQTT, which needs JetStream."""

    name, source = "NATS", "Debian"

    def fetch(self) -> str:
        """Unpack it, or take the installed one."""
        said = subprocess.run([self._program(), "-v"], capture_output=True, text=True, check=False)
        return _version(said.stdout)

    def _program(self) -> str:
        installed = shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        return installed or str(debian(self.folder, "nats-server") / "usr/sbin/nats-server")

    def command(self, port: int, state: Path) -> Command:
        """As far ahead as the daemon wants."""
        (state / "nats.conf").write_text(
            f'listen: "127.0.0.1:{_once(state / "nats-port")}"\nserver_name: monitor\n'
            f'jetstream {{ store_dir: "{state}/jetstream" }}\n'
            f'mqtt {{ listen: "127.0.0.1:{port}", max_ack_pending: 1000, ack_wait: "30s" }}\n'
        )
        return Command((self._program(), "-c", str(state / "nats.conf")))


class Rumqttd(Kind):
    """From the wheel `iotcore`, which embeds it."""

    name, source = "rumqttd", "PyPI, `iotcore`"

    def fetch(self) -> str:
        """Install the wheel."""
        python = pypi(self.folder, "iotcore")
        return f"in iotcore {_installed(python, 'iotcore')}"

    def command(self, port: int, state: Path) -> Command:  # noqa: ARG002  (it writes nothing)
        """As it comes."""
        python = pypi(self.folder, "iotcore")
        code = f"import iotcore; iotcore.Broker(port={port}, listen='127.0.0.1').run_forever()"
        return Command((str(python), "-c", code))


class Amqtt(Kind):
    """A broker in Python."""

    name, source = "amqtt", "PyPI"

    def fetch(self) -> str:
        """Install it."""
        return _installed(pypi(self.folder, "amqtt"), "amqtt")

    def command(self, port: int, state: Path) -> Command:
        """For everybody."""
        python = pypi(self.folder, "amqtt")
        (state / "amqtt.yaml").write_text(
            json.dumps(
                {
                    "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
                    "plugins": {
                        "amqtt.plugins.authentication.AnonymousAuthPlugin": {
                            "allow_anonymous": True
                        },
                        "amqtt.plugins.sys.broker.BrokerSysPlugin": {"sys_interval": 20},
                    },
                }
            )
        )
        return Command((str(python.with_name("amqtt")), "-c", str(state / "amqtt.yaml")))


class Aedes(Kind):
    """A broker in JavaScript."""

    name, source = "aedes", "npm"
    _SCRIPT = """
        const { Aedes } = require('aedes')
        Aedes.createBroker().then((aedes) =>
          require('net').createServer(aedes.handle).listen(PORT, '127.0.0.1'))
    """

    def fetch(self) -> str:
        """Install it."""
        package = npm(self.folder, "aedes") / "node_modules/aedes/package.json"
        return str(json.loads(package.read_text())["version"])

    def command(self, port: int, state: Path) -> Command:
        """In memory, as it comes."""
        script = state / "broker.js"
        script.write_text(self._SCRIPT.replace("PORT", str(port)))
        return Command(
            ("node", str(script)),
            {"NODE_PATH": str(npm(self.folder, "aedes") / "node_modules")},
        )


KINDS: tuple[type[Kind], ...] = (Mosquitto, RabbitMQ, Nats, Ejabberd, Rumqttd, Aedes, Amqtt)


def _version(text: str) -> str:
    found = re.search(r"\d+\.\d+(?:\.\d+)?", text)
    return found[0] if found else "?"


def _installed(python: Path, package: str) -> str:
    for library in python.parent.parent.glob("lib/python*/site-packages"):
        for found in importlib.metadata.distributions(name=package, path=[str(library)]):
            return found.version
    return "?"


def _once(file: Path) -> int:
    """A free port that stays the same over restarts."""
    if not file.exists():
        file.write_text(str(free_port()))
    return int(file.read_text())
