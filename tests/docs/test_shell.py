"""What these tests see of a command is what a shell would."""

from __future__ import annotations

import pytest

from tests.docs.pages import Block
from tests.docs.shape import differences
from tests.docs.shell import commands, localised, tokens


def _stages(line: str) -> list[list[str]]:
    (command,) = commands(Block("page", 1, "sh", line))
    return command.stages


@pytest.mark.parametrize(
    ("line", "stages"),
    [
        ("monitor report  # how it stands", [["monitor", "report"]]),
        ("A='x y' B=2 monitor check", [["monitor", "check"]]),
        (
            'echo \'{"a": "#1 | 2"}\' |\n  monitor publish -',
            [["echo", '\'{"a": "#1 | 2"}\''], ["monitor", "publish", "-"]],
        ),
        ("monitor bench --json \\\n  > out.json", [["monitor", "bench", "--json"]]),
        ("cd x && make -C y; ls", [["cd", "x"], ["make", "-C", "y"], ["ls"]]),
        (
            "sudo -u monitor /opt/monitor/bin/monitor watch --database /var/lib/monitor/monitor.db",
            [["monitor", "watch", "--database", "monitor.db"]],
        ),
    ],
)
def test_simple_commands_are_found(line: str, stages: list[list[str]]) -> None:
    """Quotes hold words together; comments, variables, files and who runs it are left out."""
    assert stages == _stages(line)


def test_a_block_holds_several() -> None:
    """A command ends with its line, unless a quote is open or the line says that it goes on."""
    block = Block("page", 1, "sh", "# first\nmonitor check\n\necho 'a\nb' |\n  cat\n")

    assert ["monitor check", "echo 'a\nb' |\n  cat"] == [c.line for c in commands(block)]


def test_output_belongs_to_the_command_above() -> None:
    """After a prompt there is a command, and up to the next one what it says."""
    block = Block("page", 1, "", "$ monitor check\nconfiguration  ok\n$ ls\n")

    assert [("monitor check", "configuration  ok"), ("ls", None)] == [
        (command.line, command.shown) for command in commands(block)
    ]


def test_paths_of_a_board_are_paths_here() -> None:
    """Only whole folders are replaced."""
    assert "cd ./ && cat a /srv/etc/monitor/b" == localised(
        "cd /var/lib/monitor/ && cat /etc/monitor/a /srv/etc/monitor/b"
    )


def test_operators_are_words_of_their_own() -> None:
    """With and without space around them."""
    assert ["a", "|", "b", ">>", "c", ";", "d", "&&", "e"] == tokens("a|b >>c; d&&e")


@pytest.mark.parametrize(
    ("shown", "said", "missing"),
    [
        ("entity  tweets\nAcme  12 …", "entity tweets\nAcme 7 -\nLumen 3", []),
        ("entity  tweets", "entity  net", ["entity tweets"]),
        ("Acme  12", "Lumen 12", ["Acme"]),
        ('{"a": 0.5, "b": "x"}', '{"a": 0.51, "b": "x"}', []),
        ('{"a": 0.5}', '{"a": 0.6}', ['not {"a": 0.6}']),
        ('{"a": 0.5}', '{"a": 0.5, "c": 1}', ['not {"a": 0.5, "c": 1}']),
    ],
)
def test_shape(shown: str, said: str, missing: list[str]) -> None:
    """Figures may differ; words, keys and lines without figures may not."""
    assert missing == differences(shown, said)
