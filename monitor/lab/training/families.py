"""Kinds of pretrained encoder, and what each wants otherwise than BERT does."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.lab.errors import TrainingError


@dataclass(frozen=True)
class Family:
    """One kind of encoder.

    ``special`` says for each of BERT's special tokens what the family's own vocabulary calls it.
    ``doubled``: a pair has two separators between its halves, ``<s> a </s></s> b </s>``.
    ``segments``: it is told by type ids which half a token is of. ``first_position`` is the number
    of a text's first position; None leaves the numbering to the encoder.
    """

    special: Mapping[str, str] = field(default_factory=dict)
    doubled: bool = False
    segments: bool = True
    first_position: int | None = None


_ROBERTA = {"[PAD]": "<pad>", "[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>"}

FAMILIES: Mapping[str, Family] = {
    "bert": Family(),
    "mobilebert": Family(),
    # Positions are numbered from the pad token's id, 1, on: transformers would take them from the
    # ids, but here the pad token has id 0 in every family, as the exported graph needs it.
    "mpnet": Family(_ROBERTA, doubled=True, segments=False, first_position=2),
    "roberta": Family(
        {**_ROBERTA, "[UNK]": "<unk>"}, doubled=True, segments=False, first_position=2
    ),
}
"""By the name that transformers has for the kind."""


def family(kind: str, checkpoint: str = "this checkpoint") -> Family:
    """Return the family called ``kind``.

    Raises:
        TrainingError: it is none that can be fine-tuned.
    """
    if kind not in FAMILIES:
        raise TrainingError(
            f"{checkpoint!r} is of the family {kind!r}; supported are {', '.join(FAMILIES)}, "
            "which includes MiniLM, TinyBERT and others of BERT's own structure"
        )
    return FAMILIES[kind]


def by_our_names(vocabulary: Mapping[str, int], kind: Family) -> dict[str, int]:
    """Return ``vocabulary`` (token -> id) with its special tokens called as BERT's are.

    Raises:
        TrainingError: one of them is missing.
    """
    if missing := [theirs for theirs in kind.special.values() if theirs not in vocabulary]:
        raise TrainingError(f"the vocabulary lacks {', '.join(missing)}")
    taken = set(kind.special) | set(kind.special.values())
    # MPNet has words that are called [PAD] and so on, left over from BERT; it does not use them.
    plain = {token: index for token, index in vocabulary.items() if token not in taken}
    return plain | {ours: vocabulary[theirs] for ours, theirs in kind.special.items()}
