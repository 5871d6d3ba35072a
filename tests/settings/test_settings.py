"""``monitor.settings``: every key, its default and its bounds, and what is said about mistakes."""

from __future__ import annotations

import dataclasses
import re
import socket
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.settings import ConfigurationError, MqttSettings, Settings, load
from monitor.tweets import Entity
from tests.faults.certificates import Certificates

SAMPLE = Path(__file__).parents[2] / "config.toml"
SECTIONS = {
    field.name: getattr(Settings(), field.name)
    for field in dataclasses.fields(Settings)
    if field.name != "entities"
}
EVERY_KEY = [
    (section, field) for section, values in SECTIONS.items() for field in dataclasses.fields(values)
]
FORMS = {
    "quiet": ("22:00-07:00", "23:30-06:00"),
    "summary_at": ("09:00", "17:30"),
    "timezone": ("UTC", "Europe/Berlin"),
    "dashboard": ("http://board:8001/", "https://other.example/"),
}
"""Keys whose values have a form: what the file says, and what the environment does."""
FILES = ("password_file", "ca_file", "cert_file", "key_file")
"""Keys that name files which are read with the configuration."""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a configuration file."""

    def write(text: str) -> Path:
        path = tmp_path / "monitor.toml"
        path.write_text(text)
        return path

    return write


def _refusal(path: Path | None, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(path, environment or {})
    return str(caught.value)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        (section, field.name)
        for section, field in EVERY_KEY
        if isinstance(field.default, str | tuple)
    ],
)
def test_no_text_has_a_nul(write: Callable[[str], Path], section: str, key: str) -> None:
    """The system's names end at one: what comes after it is not heeded, or ends in an error."""
    is_list = isinstance(getattr(SECTIONS[section], key), tuple)
    text = f"[{section}]\n{key} = {['a'] if is_list else 'a'!r}\n".replace("'a'", '"a\\u0000b"')

    refusal = _refusal(write(text))
    assert f"[{section}] {key} = " in refusal
    assert "must be text without a NUL" in refusal


def test_no_file_gives_the_defaults() -> None:
    """Without a file and an environment, the defaults hold."""
    assert Settings() == load(None, {})


def test_sample_is_the_defaults() -> None:
    """The sample file may be used as it is: it changes nothing."""
    assert Settings() == load(SAMPLE, {})


def test_sample_names_every_key() -> None:
    """The sample is complete: no section and no key is missing."""
    sample = tomllib.loads(SAMPLE.read_text())

    assert {
        name: [field.name for field in dataclasses.fields(values)]
        for name, values in SECTIONS.items()
    } == {name: list(table) for name, table in sample.items()}


@pytest.mark.parametrize(
    ("section", "key", "choice"),
    [
        (section, field.name, choice)
        for section, field in EVERY_KEY
        for choice in field.metadata["choices"] or ()
    ],
)
def test_sample_names_every_choice(section: str, key: str, choice: str) -> None:
    """Where a key has a choice of values, the sample names them all."""
    text = SAMPLE.read_text()
    table = text[text.index(f"\n[{section}]") + 1 :].partition("\n\n")[0]
    entry = table[table.index(f"\n{key} = ") + 1 :].splitlines()
    comments = [line.partition("#")[2] for line in entry[1:] if line.startswith(" ")]

    assert f'"{choice}"' in "\n".join([entry[0], *comments])


def test_sample_shows_entities(write: Callable[[str], Path]) -> None:
    """The sample's commented entity works when uncommented, and shows every key."""
    text = SAMPLE.read_text()
    commented = text[text.index("# [[entities]]") :]
    example = "".join(line.removeprefix("# ") for line in commented.splitlines(keepends=True))
    (table,) = tomllib.loads(example)["entities"]
    (entity,) = load(write(example), {}).entities

    assert [field.name for field in dataclasses.fields(Entity)] == list(table)
    assert all(table.values())
    assert table["name"] == entity.name


@pytest.mark.parametrize(
    ("section", "field"), [entry for entry in EVERY_KEY if entry[1].name not in FILES]
)
def test_every_key_can_be_set_by_file_and_environment(
    write: Callable[[str], Path], section: str, field: dataclasses.Field[Any]
) -> None:
    """A key set in the file is read; the environment has the last word."""
    default = field.default
    text: str
    raw: str
    expected: object
    if isinstance(default, bool):
        text, raw, expected = "false", "true", True
    elif isinstance(default, int):
        most = field.metadata["most"]
        text, raw, expected = str(most), str(most - 1), most - 1
        if field.name == "qos":
            text, raw, expected = "1", "0", 0
        elif field.name == "max_tweets":
            text, raw, expected = "2", "3", 3
    elif isinstance(default, float):
        most = field.metadata["most"]
        text, raw, expected = str(most), str(most / 2), most / 2
    elif isinstance(default, tuple):
        text, raw, expected = '["a"]', '["b/#", "+/c"]', ("b/#", "+/c")
    elif choices := field.metadata["choices"]:
        text, raw, expected = f'"{choices[0]}"', choices[-1], choices[-1]
    elif field.name == "listen":
        text, raw, expected = '"9464"', "[::1]:9464", "[::1]:9464"
    elif field.name == "textfile":
        text, raw, expected = '"file.prom"', "the environment's.prom", "the environment's.prom"
    elif field.name in FORMS:
        of_file, raw = FORMS[field.name]
        text, expected = f'"{of_file}"', raw
    else:
        text, raw, expected = '"file"', "the environment's", "the environment's"
    needed = 'client_id = "mine"\n' if field.name == "group" else ""
    path = write(f"[{section}]\n{field.name} = {text}\n{needed}")
    variable = f"MONITOR_{section}_{field.name}".upper()

    from_file = getattr(getattr(load(path, {}), section), field.name)
    overridden = getattr(getattr(load(path, {variable: raw}), section), field.name)

    assert tomllib.loads(f"x = {text}")["x"] == (
        list(from_file) if isinstance(from_file, tuple) else from_file
    )
    assert expected == overridden
    assert type(default) is type(overridden)


def test_every_file_can_be_set_by_file_and_environment(
    write: Callable[[str], Path], tmp_path: Path
) -> None:
    """Files, too, are read as the configuration names them; the environment has the last word."""
    texts: list[dict[str, Any]] = []
    expected = []
    for name in ("file", "environment"):
        (tmp_path / name).mkdir()
        made, password = Certificates(tmp_path / name), tmp_path / name / "password"
        password.write_text(f"of the {name}")
        files = (password, made.ca_file, made.ours.certificate, made.ours.key)
        texts.append(dict(zip(FILES, map(str, files), strict=True)))
        expected.append(MqttSettings(**texts[-1], password=f"of the {name}", tls=True))
    path = write("[mqtt]\ntls = true\n" + "".join(f"{k} = '{v}'\n" for k, v in texts[0].items()))
    environment = {f"MONITOR_MQTT_{key}".upper(): value for key, value in texts[1].items()}

    assert expected == [load(path, {}).mqtt, load(path, environment).mqtt]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "password_file = 'absent'",
            ("password_file = 'absent': cannot be read", "LoadCredential"),
        ),
        ("password_file = '.'", ("password_file = '.': cannot be read: Is a directory",)),
        ("password_file = 'empty'", ("password_file = 'empty': must hold one line",)),
        ("password_file = 'lines'", ("password_file = 'lines': must hold one line",)),
        ("password_file = 'latin'", ("password_file = 'latin': is not UTF-8",)),
        ("password_file = 'lines'\npassword = 'hunter2'", ("one of them, not both",)),
        ("tls = true\ncert_file = 'ours.pem'", ("cert_file, key_file: both",)),
        ("tls = true\nkey_file = 'ours.key'", ("cert_file, key_file: both",)),
        ("ca_file = 'authority.pem'", ("need tls = true",)),
        ("cert_file = 'ours.pem'\nkey_file = 'ours.key'", ("need tls = true",)),
        ("tls = true\nca_file = 'absent'", ("ca_file = 'absent': cannot be read: No such file",)),
        ("tls = true\nca_file = 'lines'", ("ca_file = 'lines': no certificates",)),
        (
            "tls = true\ncert_file = 'ours.pem'\nkey_file = '.'",
            ("key_file = '.': cannot be read: Is a directory",),
        ),
        (
            "tls = true\ncert_file = 'ours.pem'\nkey_file = 'broker.key'",
            ("cert_file = 'ours.pem', key_file = 'broker.key': not a certificate and its key",),
        ),
        (
            "tls = true\ncert_file = 'ours.key'\nkey_file = 'ours.pem'",
            ("cert_file = 'ours.key', key_file = 'ours.pem': not a certificate and its key",),
        ),
    ],
)
def test_files_that_cannot_be_used_are_named(
    write: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    parts: tuple[str, ...],
) -> None:
    """A file that is not what it should be is told with its key; what is in it is not."""
    monkeypatch.chdir(tmp_path)
    Certificates(tmp_path)
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "lines").write_text("hunter2\nhunter2\n")
    (tmp_path / "latin").write_bytes(b"hunter2\xff")
    path = write(f"[mqtt]\n{text}")
    message = _refusal(path)

    assert message.startswith(f"{path}: [mqtt] ")
    assert "hunter2" not in message
    for part in parts:
        assert part in message


def test_settings_are_frozen() -> None:
    """Nobody changes a setting on the way."""
    settings = Settings()

    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.mqtt.port = 1  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.entities = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        # unknown sections and keys, and the nearest that there is
        ("[mqt]", ("[mqt]", "'mqtt'")),
        ("[mqtt]\nprot = 1884", ("[mqtt] prot = 1884", "'port'")),
        ("[model]\nruntimes = 'auto'", ("[model] runtimes = 'auto'", "'runtime'")),
        ("[[entities]]\nname = 'A'\nalias = ['B']", ("[[entities]] alias = ['B']", "'aliases'")),
        # wrong types
        ("[mqtt]\nport = '1883'", ("[mqtt] port = '1883'", "whole number")),
        ("[mqtt]\nport = 1883.0", ("[mqtt] port = 1883.0", "whole number")),
        ("[mqtt]\nqos = true", ("[mqtt] qos = True", "whole number")),
        ("[mqtt]\ntls = 1", ("[mqtt] tls = 1", "true or false")),
        ("[mqtt]\nhost = 1", ("[mqtt] host = 1", "string")),
        ("[model]\nabstain_below = '0.5'", ("[model] abstain_below = '0.5'", "a number")),
        ("[model]\nabstain_below = true", ("[model] abstain_below = True", "a number")),
        ("[mqtt]\ntopics = 'a'", ("[mqtt] topics = 'a'", "list of strings")),
        ("[mqtt]\ntopics = ['a', 1]", ("[mqtt] topics = ['a', 1]", "list of strings")),
        ("mqtt = 1", ("[mqtt] = 1", "table")),
        ("entities = 1", ("[[entities]] = 1", "array of tables")),
        ("entities = ['Acme']", ("[[entities]] = 'Acme'", "table")),
        ("[entities]\nname = 'A'", ("[[entities]]", "array of tables")),
        ("[[entities]]\nname = 1", ("[[entities]] name = 1", "string")),
        ("[[entities]]\nname = 'A'\naliases = 'B'", ("[[entities]] aliases = 'B'", "list")),
        ("[[entities]]\naliases = ['B']", ("[[entities]]", "'name'", "missing")),
        # values out of range
        ("[mqtt]\nport = 0", ("[mqtt] port = 0", "between 1 and 65535")),
        ("[mqtt]\nport = 65536", ("[mqtt] port = 65536", "between 1 and 65535")),
        ("[mqtt]\nqos = 2", ("[mqtt] qos = 2", "between 0 and 1")),
        ("[batch]\nmax_tweets = 0", ("[batch] max_tweets = 0", "between 1 and")),
        ("[batch]\nmax_delay_ms = -1", ("[batch] max_delay_ms = -1", "between 0 and")),
        ("[store]\nkeep_days = -1", ("[store] keep_days = -1", "between 0 and")),
        *(
            (
                f"[model]\nabstain_below = {raw}",
                (f"[model] abstain_below = {raw}", "between 0.0 and 1.0"),
            )
            for raw in ("-0.01", "1.01", "50", "inf", "nan", "1" + 400 * "0")
        ),
        # bad choices
        ("[log]\nlevel = 'warn'", ("[log] level = 'warn'", "did you mean 'warning'?")),
        ("[model]\nruntime = 'onnx'", ("runtime = 'onnx'", "'auto', 'litert', 'tflite-runtime'")),
        ("[privacy]\nstore_text = ''", ("[privacy] store_text = ''", "'full', 'redacted', 'none'")),
        # topic filters
        (
            "[mqtt]\nclient_id = 'tweets'",
            ("[mqtt] topics", "'tweets/#'", "below 'tweets'", "[publish] topic"),
        ),
        (
            "[mqtt]\ntopics = ['a/b/+']\n[publish]\ntopic = 'a/b'\navailability = false",
            ("'a/b/+'", "below 'a/b'"),
        ),
        (
            "[mqtt]\nresults_topics = ['reputation-monitor/results']",
            ("results_topics: 'reputation-monitor/results'", "our own"),
        ),
        (
            "[mqtt]\ntransport = 'websockets'\nwebsocket_path = 'ws'",
            ("websocket_path = 'ws'", "begin with '/'"),
        ),
        (
            "[mqtt]\ntransport = 'websockets'\nwebsocket_path = '/a\u00e9'",
            ("websocket_path = '/a\u00e9'", "ASCII"),
        ),
        ("[mqtt]\ntransport = 'ws'", ("transport = 'ws'", "websockets")),
        (
            "[mqtt]\nhost = 'mqtt://b.example'",
            ("= 'mqtt://b.example'", '; write host = "b.example"'),
        ),
        ("[mqtt]\nhost = 'a..b'", ("[mqtt] host = 'a..b'", "name of a host")),
        (f"[mqtt]\nhost = '{'a' * 64}.b'", ("[mqtt] host = 'aaa", "longer than 63")),
        ("[mqtt]\nhost = '\u200b'", ("[mqtt] host", "name of a host")),
        ("[mqtt]\ntopics = []", ("[mqtt] topics", "at least one")),
        ("[mqtt]\nresults_topics = ['a#']", ("[mqtt] results_topics", "'a#'", "topic filter")),
        (
            "[mqtt]\nresults_topics = ['$share/g/results']",
            ("[mqtt] results_topics", "'$share/g/results'", "not shared"),
        ),
        *(
            (f"[mqtt]\ntopics = ['ok', '{topic}']", ("[mqtt] topics", f"'{topic}'", "topic filter"))
            for topic in ("", "a#", "#/a", "a/#/b", "a+", "a/+b/c", "##", "++")
        ),
        *(
            (f"[mqtt]\ntopics = ['ok', '{topic}']", (f"'{topic}'", "shares nothing", "group ="))
            for topic in ("$share", "$share/g", "$share/g/", "$share//a", "$share/#")
        ),
        *(
            (f"[mqtt]\ntopics = ['ok', '{topic}']", (f"'{topic}'", "what the broker says"))
            for topic in ("$SYS/#", "$SYS/broker/uptime")
        ),
        # groups, and the names they need
        *(
            (f"[mqtt]\ngroup = '{name}'\nclient_id = 'a'", (f"[mqtt] group = '{name}'", "name"))
            for name in ("a/b", "/", "a+", "#", " ")
        ),
        (
            "[mqtt]\ngroup = 'g'\nclient_id = 'a'\ntopics = ['ok', '$share/h/tweets']",
            ("[mqtt] topics", "'$share/h/tweets'", "group = 'g'"),
        ),
        ("[mqtt]\ngroup = 'g'", ("group = 'g'", 'client_id = "reputation-monitor-{host}"')),
        (f"[mqtt]\nclient_id = '{'a' * 129}'", ("[mqtt] client_id", "at most 128 characters")),
        (f"[[entities]]\nname = '{'a' * 129}'", ("[[entities]]", "over 128 characters")),
        ("[mqtt]\nclient_id = 'a-{hots}'", ("client_id = 'a-{hots}'", "{hots}", "'{host}'")),
        ("[publish]\ntopic = 'a/{}'", ("[publish] topic = 'a/{}'", "placeholder", "'{host}'")),
        # a bound that no log keeps to, and less than nothing
        ("[store]\nmax_bytes = 33554431", ("max_bytes = 33554431", "0 (no bound)", "33554432")),
        ("[store]\nmax_bytes = -1", ("[store] max_bytes = -1", "between 0 and")),
        ("[store]\nmax_bytes = '20GB'", ("[store] max_bytes = '20GB'", "whole number")),
        # what no single key can tell
        (
            "[mqtt]\nreceive_maximum = 127\n[batch]\nmax_tweets = 64",
            ("[mqtt] receive_maximum", "127", "[batch] max_tweets (64)"),
        ),
        (
            "[[entities]]\nname = 'A'\naliases = ['C']\n[[entities]]\nname = 'B'\naliases = ['c']",
            ("[[entities]]", "'A'", "'B'", "'c'"),
        ),
        ("[[entities]]\nname = ' '", ("[[entities]]", "no word")),
        ("[[entities]]\nname = '(Others)'", ("[[entities]]", "'(Others)'", "another name")),
        ("[[entities]]\nname = '(no entity)'", ("[[entities]]", "another name")),
        ("[mqtt]\nmax_named_entities = -1", ("[mqtt] max_named_entities", "-1")),
        # no TOML at all
        ("[mqtt\nport = 1", ("not valid TOML", "line 1")),
    ],
)
def test_mistakes_are_named(
    write: Callable[[str], Path], text: str, parts: tuple[str, ...]
) -> None:
    """A mistake is told with the file, the key, the value and the way out."""
    path = write(text)
    message = _refusal(path)

    assert message.startswith(f"{path}: ")
    for part in parts:
        assert part in message


@pytest.mark.parametrize(("expected", "text"), [(0.0, "0"), (1.0, "1"), (0.5, "0.5")])
def test_whole_numbers_are_numbers(
    write: Callable[[str], Path], expected: float, text: str
) -> None:
    """Where a number is asked for, both bounds included, 1 is as good as 1.0 and read as it."""
    value = load(write(f"[model]\nabstain_below = {text}"), {}).model.abstain_below

    assert expected == value
    assert type(value) is float


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there, is a folder or is no text is named."""
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\x7fELF\xff")

    for path in (tmp_path / "absent.toml", tmp_path, binary):
        assert _refusal(path).startswith(f"{path}: cannot be read")


@pytest.mark.parametrize("topic", ["a", "a/b", "#", "+", "a/#", "+/a/+/#", "/a//b", "$share/g/a/#"])
def test_topic_filters(write: Callable[[str], Path], topic: str) -> None:
    """Every form of topic filter that MQTT knows is taken."""
    assert (topic,) == load(write(f"[mqtt]\ntopics = ['{topic}']"), {}).mqtt.topics


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (64 * (2 + 3), "[model]\nworkers = 2"),
        (10 * (5 + 3), "[model]\nworkers = 5\n[batch]\nmax_tweets = 10"),
        (65_535, "[model]\nworkers = 256\n[batch]\nmax_tweets = 4096"),
        (128, "[mqtt]\nreceive_maximum = 128"),
    ],
)
def test_receive_maximum(write: Callable[[str], Path], expected: int, text: str) -> None:
    """By default the broker's window has room for every batch on its way; a set one counts."""
    assert expected == load(write(text), {}).receive_maximum


def test_receive_maximum_fills_batches_by_default() -> None:
    """With the default number of workers, too, the window is at least twice the batch."""
    settings = Settings()

    assert settings.receive_maximum >= 2 * settings.batch.max_tweets


def test_entities_from_file_and_environment(write: Callable[[str], Path]) -> None:
    """Entities are read from the file, or instead of it from the environment."""
    path = write("[[entities]]\nname = 'Acme'\naliases = ['@AcmeHelp']\nexclude = ['acme of it']")

    assert (Entity("Acme", ("@AcmeHelp",), ("acme of it",)),) == load(path, {}).entities
    assert (Entity("Lumen"), Entity("Ostra", ("BO",))) == load(
        path, {"MONITOR_ENTITIES": "[{name = 'Lumen'}, {name = 'Ostra', aliases = ['BO']}]"}
    ).entities
    assert () == load(path, {"MONITOR_ENTITIES": "[]"}).entities


@pytest.mark.parametrize(
    ("variable", "raw", "parts"),
    [
        ("MONITOR_MQTT_PORT", "abc", ("'abc'",)),
        ("MONITOR_MQTT_PORT", "", ("''",)),
        ("MONITOR_MQTT_PORT", "99999", ("99999", "between 1 and 65535")),
        ("MONITOR_MQTT_TLS", "1", ("1", "true or false")),
        ("MONITOR_MODEL_ABSTAIN_BELOW", "2", ("2", "between 0.0 and 1.0")),
        ("MONITOR_MQTT_TOPICS", "a/#", ("'a/#'",)),
        ("MONITOR_MQTT_TOPICS", "'a/#'", ("'a/#'", "list of strings")),
        ("MONITOR_ENTITIES", "Acme", ("'Acme'",)),
        ("MONITOR_ENTITIES", "['Acme']", ("'Acme'", "table")),
        ("MONITOR_LOG_LEVEL", "warn", ("'warn'", "did you mean 'warning'?")),
    ],
)
def test_mistakes_in_the_environment_name_the_variable(
    write: Callable[[str], Path], variable: str, raw: str, parts: tuple[str, ...]
) -> None:
    """Who sets a variable wrong is sent to the variable, not to a file that is right."""
    message = _refusal(write("[mqtt]\nport = 1883"), {variable: raw})

    for part in (variable, *parts):
        assert part in message


def test_other_variables_do_not_matter() -> None:
    """Only names of keys are overrides."""
    environment = {"MQTT_PORT": "1", "MONITOR": "1", "monitor_mqtt_port": "1", "PATH": "/bin"}

    assert Settings() == load(None, environment)


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("[mqtt]\npassword = {value = 'hunter2'}", {}),
        ("[mqtt]\npasswords = 'hunter2'", {}),
        ("[mqtt]\npasword = 'hunter2'", {}),
        ("[mqtt]\npwd = 'hunter2'", {}),
        ("[mqtt]\nPassword = 'hunter2'", {}),
        ("[mqtt]\npassword_ = 'hunter2'", {}),
        ("[mqtt]\nbroker_password = 'hunter2'", {}),
        ("[[mqtt]]\npassword = 'hunter2'", {}),
        ("[mqt]\npassword = 'hunter2'", {}),
        ("password = 'hunter2'", {}),
        ("[mqtt]\npassword = 'hunter2", {}),
        ("[mqtt]\nport = 0", {"MONITOR_MQTT_PASSWORD": "hunter2"}),
        ("[notify]\nurls = 'mailtos://me:hunter2@example.org'", {}),
        ("[notify]\nurls = ['mailtos://me:hunter2@example.org', 1]", {}),
        ("[notify]\nurl = ['hunter2']", {}),
        ("[notify]\nto = ['mailtos://me:hunter2@example.org']", {}),
        ("[notify]\nquiet = ['mailtos://me:hunter2@example.org']", {}),
        ("[notify]\nquiet = 'mailtos://me:hunter2@example.org'", {}),
        ("[notify]\ndashboard = 'mailtos://me:hunter2@example.org'", {}),
        ("[notify]\nurls = ['ntfy://hunter2']\nurls_file = 'urls'", {}),
        ("notify = 'mailtos://me:hunter2@example.org'", {}),
        ("", {"MONITOR_NOTIFY_URLS": "mailtos://me:hunter2@example.org"}),
        ("", {"MONITOR_NOTIFY_URLS": "['hunter2"}),
        ("", {"MONITOR_NOTIFY_URL": "['hunter2']"}),
    ],
)
def test_passwords_are_never_shown(
    write: Callable[[str], Path], text: str, environment: dict[str, str]
) -> None:
    """Whatever is wrong with the file, a password does not end up in a log."""
    assert "hunter2" not in _refusal(write(text), environment)


def test_settings_do_not_show_the_password() -> None:
    """Whoever logs or prints the settings prints no password."""
    settings = load(
        None, {"MONITOR_MQTT_PASSWORD": "hunter2", "MONITOR_NOTIFY_URLS": "['ntfy://hunter2']"}
    )

    assert "hunter2" == settings.mqtt.password
    assert ("ntfy://hunter2",) == settings.notify.urls
    assert "hunter2" not in f"{settings} {settings!r}"


scalars = st.booleans() | st.integers() | st.floats() | st.datetimes() | st.text(max_size=9)
values = st.recursive(
    scalars | st.sampled_from([field.default for _, field in EVERY_KEY]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=4,
)
names = st.sampled_from(["name", "aliases", "exclude", *(field.name for _, field in EVERY_KEY)])
tables = st.dictionaries(names | st.text(max_size=9), values, max_size=4)
documents = st.dictionaries(
    st.sampled_from([*SECTIONS, "entities"]) | st.text(max_size=9),
    tables | st.lists(tables, max_size=3) | values,
    max_size=4,
)


def _told(path: Path | None, environment: dict[str, str]) -> str | None:
    """Say what is wrong with a configuration, or None if nothing is."""
    try:
        load(path, environment)
    except ConfigurationError as error:
        return str(error)
    return None


@given(documents.map(tomli_w.dumps).map(str.encode) | st.binary())
@example(b"x = " + b"[" * 5000)
@example(b"x = " + b"9" * 5000)
@example(b'[mqtt]\ntls = true\nca_file = "\\u0000"')
def test_any_file_loads_or_is_named(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    """Whatever is in the file, it gives settings or a message that begins with its name."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text)
    message = _told(path, {})

    assert message is None or message.startswith(f"{path}: ")


@given(
    st.sampled_from(EVERY_KEY).map(lambda k: f"MONITOR_{k[0]}_{k[1].name}".upper())
    | st.just("MONITOR_ENTITIES"),
    st.text() | values.map(lambda value: tomli_w.dumps({"x": value}).removeprefix("x = ")),
)
@example("MONITOR_ENTITIES", "[" * 5000)
@example("MONITOR_MQTT_PORT", "9" * 5000)
def test_any_override_loads_or_is_named(variable: str, raw: str) -> None:
    """Whatever a variable holds, it gives settings or a message that names it or its key."""
    message = _told(None, {variable: raw})

    assert message is None or variable in message or variable.lower().split("_", 2)[-1] in message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[publish]\ntopic = "home/#"', "[publish] topic = 'home/#'"),
        ('[publish]\ntopic = "$SYS/us"', "[publish] topic = '$SYS/us'"),
        ('[publish]\ntopic = "home/"', "[publish] topic = 'home/'"),
        ('[publish]\nhome_assistant_prefix = ""', "[publish] home_assistant_prefix = ''"),
        ('[publish]\ntopic = " "', "[publish] topic = ' '"),
    ],
)
def test_where_we_publish(write: Callable[[str], Path], text: str, named: str) -> None:
    """What is no topic is named."""
    with pytest.raises(ConfigurationError, match=re.escape(named)):
        load(write(text), {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "reputation-monitor"),
        ('[publish]\ntopic = "home/tweets"', "home/tweets"),
        ('[mqtt]\nclient_id = "Board 7/b"', "Board 7/b"),
        ('[mqtt]\nclient_id = "board+7"', "board-7_e024d7fb"),
    ],
)
def test_our_topic(write: Callable[[str], Path], text: str, expected: str) -> None:
    """Without one, it is the client's identifier, if need be made fit."""
    assert expected == load(write(text), {}).topic


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("pi4", "pi4"),
        ("Pi-4.example.org", "pi-4"),
        ("board_7", "board-7_16df6d3c"),
        ("küche", "kuche_d4b04d03"),
    ],
)
def test_the_boards_name(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, host: str, expected: str
) -> None:
    """``{host}`` stands for it wherever it may, from the environment too, fit for a topic."""
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    path = write('[mqtt]\nclient_id = "m-{host}"\n[publish]\ntopic = "{host}/{host}"\n')
    settings = load(path, {})

    assert (f"m-{expected}", f"{expected}/{expected}") == (settings.mqtt.client_id, settings.topic)
    assert expected == load(path, {"MONITOR_MQTT_CLIENT_ID": "{host}"}).mqtt.client_id


@pytest.mark.parametrize("client_id", ["{", "a}b", "}{", "plain"])
def test_braces_by_themselves_are_no_placeholder(
    write: Callable[[str], Path], client_id: str
) -> None:
    """What is no pair stays as it is."""
    assert client_id == load(write(f'[mqtt]\nclient_id = "{client_id}"'), {}).mqtt.client_id


def test_a_group_shares_its_topics(write: Callable[[str], Path]) -> None:
    """The owner's topics stay as written; what is subscribed to names the group."""
    plain = load(write('[mqtt]\ntopics = ["a/#", "b"]'), {}).mqtt
    text = '[mqtt]\ntopics = ["a/#", "b"]\ngroup = "four boards"\nclient_id = "b-{host}"'
    shared = load(write(text), {}).mqtt

    assert ("a/#", "b") == plain.topics == plain.filters == shared.topics
    assert ("$share/four boards/a/#", "$share/four boards/b") == shared.filters


def test_home_assistant_is_shown_sensors_and_alerts(write: Callable[[str], Path]) -> None:
    """They need not be turned on by themselves."""
    publish = load(write("[publish]\nhome_assistant = true"), {}).publish

    assert (True, True, False) == (publish.sensors, publish.alerts, publish.results)


def test_results_are_subscribed_beside_the_topics(write: Callable[[str], Path]) -> None:
    """Never shared, for who takes them in wants them all; and they may be all there is."""
    text = '[mqtt]\ntopics = {}\nresults_topics = ["f/+/results"]\ngroup = "g"\nclient_id = "b"'

    assert ("$share/g/a", "f/+/results") == load(write(text.format('["a"]')), {}).mqtt.filters
    assert ("f/+/results",) == load(write(text.format("[]")), {}).mqtt.filters


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_editors_of_other_systems(tmp_path: Path, encoding: str) -> None:
    """A file that Notepad or PowerShell has written is read; one in Latin-1 is told what it is."""
    path = tmp_path / "config.toml"
    path.write_bytes('[[entities]]\r\nname = "Citro\u00ebn"\r\n'.encode(encoding))

    assert ("Citro\u00ebn",) == tuple(entity.name for entity in load(path, {}).entities)
    path.write_bytes('[[entities]]\nname = "Citro\u00ebn"\n'.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"no text in UTF-8 \(byte 26.*save it as UTF-8"):
        load(path, {})
