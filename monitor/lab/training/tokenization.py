"""The tokenizer that does all preparation of a tweet's text, so that the daemon needs none."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from monitor.console import strict_json
from monitor.inference.marking import OTHER, TARGET
from monitor.lab.data import Example
from monitor.lab.errors import TrainingError
from monitor.lab.training.families import Family, by_our_names

LINK = r"(?:https?://|www\.|pic\.twitter\.com/)\S+"
EMOJI = "[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
SKIN_TONE = "[\U0001f3fb-\U0001f3ff]"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MARKS = {TARGET: ("company", "brand", "person"), OTHER: ("other", "company", "person")}
"""Tokens for the entity that is asked about and for others, and what their meaning starts from."""

EMOJI_USES = 5
"""An emoji that comes at least so often gets a place in the vocabulary."""


def build(vocabulary: dict[str, int], *, doubled: bool = False) -> Tokenizer:
    """Return a tokenizer for tweets over a BERT-uncased ``vocabulary`` (token -> id).

    Links become the word "http", as TweetEval has them (arXiv 2010.12421), the HTML entities that
    Twitter's API escapes are restored, and the apostrophe and comma that TweetEval's files have as
    escapes; skin tones are left out. Each emoji is a word of its own (BERT would make
    "thanks" with an emoji behind it one unknown word). The rest is BERT's own lower-casing and
    WordPiece.
    One text gives ``[CLS] text [SEP]``, a pair ``[CLS] text [SEP] entity [SEP]`` with type ids 0
    and 1; ``doubled`` puts a second ``[SEP]`` before the entity. `MARKS`, where the vocabulary has
    them, stay whole. Neither padding nor truncation is set.

    Raises:
        TrainingError: the vocabulary lacks one of BERT's special tokens, or [PAD] is not 0.
    """
    if missing := [token for token in SPECIAL if token not in vocabulary]:
        raise TrainingError(f"not a BERT vocabulary: it lacks {', '.join(missing)}")
    if vocabulary["[PAD]"] != 0:
        # The exported graph derives its attention mask from input_ids != 0.
        raise TrainingError(f"[PAD] has id {vocabulary['[PAD]']}; the exported graph needs 0")
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.Sequence(
        [*as_tweets_are_written(), normalizers.BertNormalizer(lowercase=True)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(EMOJI), "isolated"), pre_tokenizers.BertPreTokenizer()]
    )
    return with_special(tokenizer, vocabulary, doubled=doubled)


def as_tweets_are_written() -> list[normalizers.Normalizer]:
    """Return what is done to a tweet's text before anything that depends on the vocabulary."""
    return [
        normalizers.Replace(Regex(LINK), "http"),
        normalizers.Replace("&lt;", "<"),
        normalizers.Replace("&gt;", ">"),
        normalizers.Replace("&amp;", "&"),
        normalizers.Replace("\\u2019", "'"),
        normalizers.Replace("\\u002c", ","),
        normalizers.Replace(Regex(SKIN_TONE), ""),
    ]


def with_special(tokenizer: Tokenizer, vocabulary: dict[str, int], *, doubled: bool) -> Tokenizer:
    """Give ``tokenizer`` the special tokens of ``vocabulary``, and the form of texts and pairs."""
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair=f"[CLS] $A [SEP]{' [SEP]:1' * doubled} $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    tokenizer.add_special_tokens([*SPECIAL, *(mark for mark in MARKS if mark in vocabulary)])
    return tokenizer


def fit_vocabulary(
    vocabulary: dict[str, int], texts: Iterable[str], size: int
) -> dict[str, tuple[int, ...]]:
    """Fit a BERT-uncased ``vocabulary`` (token -> id) to the tweets in ``texts``.

    Of its tokens the ``size`` most used are kept (special tokens, marks and the single letters,
    digits and signs of ASCII in any case), and emoji that BERT does not know are added.

    Returns the new tokens in the order of their ids, each with the old ids whose mean embedding it
    starts from: its own, or for an emoji those of the words of its Unicode name.
    """
    known = build(vocabulary)
    uses: Counter[int] = Counter()
    emoji: Counter[str] = Counter()
    is_emoji = re.compile(EMOJI)
    for text in texts:
        uses.update(known.encode(text, add_special_tokens=False).ids)
        emoji.update(is_emoji.findall(text))
    needed = [vocabulary[token] for token in (*SPECIAL, *MARKS) if token in vocabulary]
    needed += [
        vocabulary[token]
        for character in map(chr, range(33, 127))
        for token in (character, "##" + character)
        if token in vocabulary
    ]
    often = [index for index, _ in uses.most_common()]
    chosen = set(dict.fromkeys([*needed, *often][: max(size, len(needed))]))
    by_id = {index: token for token, index in vocabulary.items()}
    first = needed[: len(SPECIAL)]
    fitted: dict[str, tuple[int, ...]] = {
        by_id[index]: (index,) for index in [*first, *sorted(chosen)]
    }
    for sign, count in sorted(emoji.items()):
        named = unicodedata.name(sign, "").lower()
        words = known.encode(named, add_special_tokens=False).ids
        if count >= EMOJI_USES and sign not in vocabulary and words:
            fitted[sign] = tuple(words)
    return fitted


def whole(vocabulary: dict[str, int], *, marked: bool) -> dict[str, tuple[int, ...]]:
    """Return all of ``vocabulary`` (token -> id) in a new order, [PAD] first.

    As in `fit_vocabulary`, each token comes with the old ids whose mean embedding it starts from.
    ``marked`` adds `MARKS`.
    """
    first: dict[str, tuple[int, ...]] = {token: (vocabulary[token],) for token in SPECIAL}
    if marked:
        for mark, words in MARKS.items():
            spelt = [vocabulary.get(word, vocabulary.get(f"\u0120{word}")) for word in words]
            known = [index for index in spelt if index is not None]
            first[mark] = tuple(known or [vocabulary["[UNK]"]])
    rest = sorted((index, token) for token, index in vocabulary.items() if token not in first)
    return first | {token: (index,) for index, token in rest}


Words = list[tuple[int, ...]]
"""For each id of a new vocabulary the ids of the old one whose mean embedding it starts from."""


def prepare(
    checkpoint: str, kind: Family, texts: Iterable[str] = (), size: int = 0, *, marked: bool = False
) -> tuple[Tokenizer, Words | None]:
    """Return the tokenizer to use with ``checkpoint``, of the family ``kind``, and its words.

    ``size`` tokens are kept, those that ``texts`` use most (0: all); a byte-level vocabulary
    (RoBERTa's) is kept whole, since its tokens are made of each other. ``marked`` keeps all tokens
    and adds `MARKS`.
    None in the place of the words: the vocabulary is as it was.

    Raises:
        TrainingError: no vocabulary can be read, or it is of another kind.
    """
    spec = specification(checkpoint)
    vocabulary = by_our_names(spec["model"]["vocab"] if spec else vocabulary_of(checkpoint), kind)
    if missing := [token for token in SPECIAL if token not in vocabulary]:
        raise TrainingError(f"not a BERT vocabulary: it lacks {', '.join(missing)}")
    plain = spec is None and not kind.special
    if plain and not (size or marked):
        return build(vocabulary), None
    fitted = dict(whole(vocabulary, marked=marked))
    if size and spec is None and not marked:
        # BERT's own ids are kept in mind as they are; another family's are counted anew.
        ids = vocabulary if plain else {token: index for index, token in enumerate(fitted)}
        old = {ids[token]: rows for token, rows in fitted.items()}
        fitted = {
            token: tuple(row for index in rows for row in old[index])
            for token, rows in fit_vocabulary(ids, texts, size).items()
        }
    ids = {token: index for index, token in enumerate(fitted)}
    words = list(fitted.values())
    if spec is None:
        return build(ids, doubled=kind.doubled), words
    spec["model"]["vocab"] = ids
    bare = spec | {"added_tokens": [], "post_processor": None, "normalizer": None}
    tokenizer = Tokenizer.from_str(strict_json(bare | {"padding": None, "truncation": None}))
    tokenizer.normalizer = normalizers.Sequence(as_tweets_are_written())
    return with_special(tokenizer, ids, doubled=kind.doubled), words


def specification(checkpoint: str) -> dict[str, Any] | None:
    """Return how the byte-level tokenizer of ``checkpoint`` is written down; None for WordPiece."""
    path = Path(checkpoint) / "tokenizer.json"
    if path.is_file():
        text = path.read_text(encoding="utf-8")
    elif Path(checkpoint).is_dir():
        return None
    else:
        text = str(pretrained_tokenizer(checkpoint).backend_tokenizer.to_str())
    spec: dict[str, Any] = json.loads(text)
    return spec if spec["model"].get("type") == "BPE" else None


def vocabulary_of(checkpoint: str) -> dict[str, int]:
    """Return the vocabulary of a BERT-family ``checkpoint``, a local folder or a name on the hub.

    Raises:
        TrainingError: no vocabulary can be read from there.
    """
    path = Path(checkpoint)
    if (path / "tokenizer.json").is_file():
        return Tokenizer.from_file(str(path / "tokenizer.json")).get_vocab()
    if (path / "vocab.txt").is_file():
        tokens = (path / "vocab.txt").read_text(encoding="utf-8").splitlines()
        return {token: index for index, token in enumerate(tokens)}
    return cast(dict[str, int], pretrained_tokenizer(checkpoint).get_vocab())


def pretrained_tokenizer(checkpoint: str) -> Any:  # noqa: ANN401 (transformers has its own)
    """Return the tokenizer that goes with ``checkpoint``, on the hub or in a folder.

    Raises:
        TrainingError: there is none.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(checkpoint)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise TrainingError(f"no vocabulary in {checkpoint!r}: {reason}") from error


Pieces = tuple[list[int], int]
"""Token ids of one example, special ones included, and how many of them are of type 0."""


def encode(tokenizer: Tokenizer, examples: Sequence[Example], max_length: int) -> list[Pieces]:
    """Return the token ids of each example, cut to ``max_length`` tokens (the longer part first).

    A pair's entity is the part with type id 1.
    """
    tokenizer.enable_truncation(max_length)
    try:
        encodings = tokenizer.encode_batch(
            [
                example.text if example.entity is None else (example.text, example.entity)
                for example in examples
            ]
        )
    finally:
        tokenizer.no_truncation()
    return [(encoding.ids, encoding.type_ids.count(0)) for encoding in encodings]


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer, and which rows of a whole word table its words have."""

    tokenizer: Tokenizer
    rows: list[int]

    def encode(self, examples: Sequence[Example], max_length: int) -> list[Pieces]:
        """Return the pieces of ``examples`` by this tokenizer, with the whole table's ids."""
        pieces = encode(self.tokenizer, examples, max_length)
        return [([self.rows[index] for index in ids], first) for ids, first in pieces]


def trimmed(tokenizer: Tokenizer, size: int, texts: Iterable[str]) -> Vocabulary:
    """Return the ``size`` words of ``tokenizer`` that ``texts`` use most, or all of fewer."""
    known = tokenizer.get_vocab()
    if size >= len(known):
        return Vocabulary(tokenizer, list(range(len(known))))
    # Emoji that it lacks have no rows.
    kept = [token for token in fit_vocabulary(known, texts, size) if token in known]
    smaller = build({token: index for index, token in enumerate(kept)})
    return Vocabulary(smaller, [known[token] for token in kept])
