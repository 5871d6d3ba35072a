"""Teachers that never saw what they are asked about."""

from pathlib import Path

from monitor.lab.training.teacher import TeacherSettings
from monitor.lab.training.transfer import groups, transfer
from tests.lab.training.conftest import TWEETS, write_rows


def fill(data: Path) -> None:
    """Replace RepLab's training file by tweets about eight entities in two domains."""
    texts = [(text, label) for label, texts in TWEETS.items() for text in texts]
    write_rows(
        data / "replab2013_train.jsonl.gz",
        [
            {
                "id": f"rl-{number}",
                "text": f"{text} {number}",
                "label": label,
                "entity": f"Brand {number % 8}",
                "domain": ("banking", "music")[number % 2],
            }
            for number, (text, label) in enumerate(texts * 12)
        ],
    )


def test_domains_and_a_quarter_of_the_entities_are_left_out(data: Path) -> None:
    """Each domain in turn, then every fourth entity."""
    fill(data)

    expected = {"banking": ("banking",), "music": ("music",), "entities": ("Brand 0", "Brand 4")}
    assert expected == groups(data)


def test_both_answer_the_same_tweets(data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    """One row for each group, with the figures of who knew it and who did not."""
    fill(data)
    settings = TeacherSettings(str(tiny_bert), vocabulary=0, epochs=0.1, batch=8)
    told: list[str] = []
    results = transfer(data, tmp_path, settings, told.append)

    assert ["banking", "music", "entities"] == [row["left_out"] for row in results]
    assert 4 == len(told)
    assert results[0]["tweets"] > results[2]["tweets"] > 0
    for row in results:
        assert 0 <= row["seen_accuracy"] <= 1
        assert 0 <= row["unseen_macro_f1"] <= 1
