"""Every key of the configuration: its type, its default and its bounds, in one place."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from monitor import DEFAULT_MODEL
from monitor.settings import topics
from monitor.settings.tables import declared
from monitor.tweets import Entity

DEFAULT_CLIENT_ID = "reputation-monitor"


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """``[mqtt]``: where tweets come from."""

    host: str = declared("localhost")
    port: int = declared(1883, least=1, most=65535)
    transport: str = declared("tcp", choices=("tcp", "websockets"))
    websocket_path: str = declared("/mqtt")
    username: str = declared("")
    password: str = declared("", secret=True)
    password_file: str = declared("")
    client_id: str = declared(DEFAULT_CLIENT_ID)
    topics: tuple[str, ...] = declared(("tweets/#",))
    group: str = declared("")
    results_topics: tuple[str, ...] = declared(())
    entity_level: int = declared(0, least=0, most=32)
    max_named_entities: int = declared(300, least=0, most=10_000)
    qos: int = declared(1, least=0, most=1)
    keepalive_s: int = declared(60, least=5, most=65535)
    session_expiry_s: int = declared(604_800, least=0, most=4_294_967_294)
    receive_maximum: int = declared(0, least=0, most=65535)
    max_payload_bytes: int = declared(65_536, least=64, most=268_435_455)
    tls: bool = declared(False)
    ca_file: str = declared("")
    cert_file: str = declared("")
    key_file: str = declared("")

    @property
    def where(self) -> str:
        """The broker's address, for people."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def filters(self) -> tuple[str, ...]:
        """What we subscribe to: the topics, shared with our group if there is one, and results.

        The form is that of MQTT 5.0, section 4.8.2. Results are not shared: who takes them in
        wants them all.
        """
        share = f"$share/{self.group}/" if self.group else ""
        return (*(share + topic for topic in self.topics), *self.results_topics)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """``[model]``: what labels them, and below which probability a label is marked as unsure."""

    path: str = declared(DEFAULT_MODEL)
    runtime: str = declared("auto", choices=("auto", "litert", "tflite-runtime"))
    task: str = declared("reputation", choices=("reputation", "sentiment"))
    abstain_below: float = declared(0.0, least=0.0, most=1.0)
    workers: int = declared(0, least=0, most=256)
    other_languages: str = declared("store", choices=("store", "label"))


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """``[batch]``: how many tweets are labelled and stored together."""

    max_tweets: int = declared(64, least=1, most=4096)
    max_delay_ms: int = declared(2500, least=0, most=60_000)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """``[store]``: the SQLite log."""

    path: str = declared("monitor.db")
    keep_days: int = declared(90, least=0, most=36_500)
    keep_history_days: int = declared(400, least=0, most=36_500)
    keep_owner_labels: bool = declared(False)
    max_bytes: int = declared(0, least=0, most=2**48)
    count_by: str = declared("created_at", choices=("created_at", "received_at"))
    on_damage: str = declared("set-aside", choices=("set-aside", "refuse"))


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """``[privacy]``: what of a tweet is kept."""

    store_text: str = declared("redacted", choices=("full", "redacted", "none"))
    key_file: str = declared("")


@dataclass(frozen=True, slots=True)
class AlertsSettings:
    """``[alerts]``: when an entity's share of negative tweets has risen."""

    enabled: bool = declared(True)
    false_alarm_days: float = declared(365.0, least=0.1, most=36_500.0)
    rise: float = declared(2.0, least=1.1, most=100.0)
    quiet_hours: float = declared(24.0, least=0.0, most=8760.0)
    learn_tweets: int = declared(500, least=50, most=1_000_000)


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """``[publish]``: what we tell over MQTT; see docs/mqtt.md."""

    topic: str = declared("")
    availability: bool = declared(True)
    results: bool = declared(False)
    alerts: bool = declared(False)
    sensors: bool = declared(False)
    home_assistant: bool = declared(False)
    home_assistant_prefix: str = declared("homeassistant")


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """``[metrics]``: what Prometheus may read."""

    listen: str = declared("")
    textfile: str = declared("")


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """``[notify]``: whom `monitor notify` tells of alerts, and when; see docs/notify.md."""

    urls: tuple[str, ...] = declared((), secret=True)
    urls_file: str = declared("")
    state_file: str = declared("notify.json")
    quiet: str = declared("")
    summary: str = declared("never", choices=("never", "daily", "weekly"))
    summary_at: str = declared("08:00")
    timezone: str = declared("")
    dashboard: str = declared("")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """``[log]``: what the daemon says on standard error."""

    level: str = declared("info", choices=("debug", "info", "warning", "error"))
    format: str = declared("auto", choices=("auto", "console", "json"))


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration."""

    mqtt: MqttSettings = field(default_factory=MqttSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    batch: BatchSettings = field(default_factory=BatchSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    alerts: AlertsSettings = field(default_factory=AlertsSettings)
    publish: PublishSettings = field(default_factory=PublishSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    notify: NotifySettings = field(default_factory=NotifySettings)
    log: LogSettings = field(default_factory=LogSettings)
    entities: tuple[Entity, ...] = ()

    @property
    def key_path(self) -> Path:
        """Where the key of pseudonyms lies: as set, or beside the log."""
        return Path(self.privacy.key_file or self.store.path + ".key")

    @property
    def topic(self) -> str:
        """The topic below which we publish: as set, else ours among the broker's clients."""
        name = self.mqtt.client_id
        return self.publish.topic or (topics.level(name) if topics.problem(name) else name)

    @property
    def availability(self) -> str:
        """The topic that says whether we are there; "" if none does."""
        return f"{self.topic}/{topics.AVAILABILITY}" if self.publish.availability else ""

    @property
    def receive_maximum(self) -> int:
        """Messages the broker may send ahead of their acknowledgement.

        By default room for the batch being collected, one for each worker, the one being written
        and one on its way; less and a batch never fills.
        """
        workers = self.model.workers or len(os.sched_getaffinity(0))
        return self.mqtt.receive_maximum or min(65535, self.batch.max_tweets * (workers + 3))
