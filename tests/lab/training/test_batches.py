"""Batches of similar length."""

from monitor.lab.data import NO_LABEL, Example
from monitor.lab.training.batches import collate, plan


def test_plan_covers_all_with_little_padding() -> None:
    """Each example comes once, and batches hold neighbours in length."""
    lengths = [5 + i * 7 % 40 for i in range(640)]
    batches = plan(lengths, range(640), 32, seed=0)

    assert list(range(640)) == sorted(i for batch in batches for i in batch)
    spread = [max(lengths[i] for i in b) - min(lengths[i] for i in b) for b in batches]
    assert max(spread) <= 3
    assert [lengths[b[0]] for b in batches] != sorted(lengths[b[0]] for b in batches)


def test_plan_is_seeded() -> None:
    """The same seed gives the same batches: what resuming stands on."""
    lengths = [i % 9 for i in range(100)]

    assert plan(lengths, range(100), 4, seed=3) == plan(lengths, range(100), 4, seed=3)
    assert plan(lengths, range(100), 4, seed=3) != plan(lengths, range(100), 4, seed=4)


def test_collate_pads_right() -> None:
    """Padding is id 0 and type 0, and is masked."""
    examples = [Example("a", reputation=2), Example("b c", "d", sentiment=0)]
    batch = collate(examples, [([2, 7, 3], 3), ([2, 8, 9, 3, 6, 3], 4)])

    assert [[2, 7, 3, 0, 0, 0], [2, 8, 9, 3, 6, 3]] == batch.input_ids.tolist()
    assert [[0] * 6, [0, 0, 0, 0, 1, 1]] == batch.token_type_ids.tolist()
    assert [2, NO_LABEL] == batch.reputation.tolist()
    assert [NO_LABEL, 0] == batch.sentiment.tolist()
