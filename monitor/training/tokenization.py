"""The tokenizer that does all preparation of a tweet's text, so that the daemon needs none."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from monitor.training.data import Example
from monitor.training.errors import TrainingError

LINK = r"(?:https?://|www\.|pic\.twitter\.com/)\S+"
EMOJI = "[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
SKIN_TONE = "[\U0001f3fb-\U0001f3ff]"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
EMOJI_USES = 5
"""An emoji that comes at least so often gets a place in the vocabulary."""


def build(vocabulary: dict[str, int]) -> Tokenizer:
    """Return a tokenizer for tweets over a BERT-uncased ``vocabulary`` (token -> id).

    Links become the word "http", as TweetEval has them (arXiv 2010.12421), the HTML entities that
    Twitter's API escapes are restored, and the apostrophe and comma that TweetEval's files have as
    escapes; skin tones are left out. Each emoji is a word of its own (BERT would make
    "thanks" with an emoji behind it one unknown word). The rest is BERT's own lower-casing and
    WordPiece.
    One text gives ``[CLS] text [SEP]``, a pair ``[CLS] text [SEP] entity [SEP]`` with type ids 0
    and 1. Neither padding nor truncation is set.

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
        [
            normalizers.Replace(Regex(LINK), "http"),
            normalizers.Replace("&lt;", "<"),
            normalizers.Replace("&gt;", ">"),
            normalizers.Replace("&amp;", "&"),
            normalizers.Replace("\\u2019", "'"),
            normalizers.Replace("\\u002c", ","),
            normalizers.Replace(Regex(SKIN_TONE), ""),
            normalizers.BertNormalizer(lowercase=True),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(EMOJI), "isolated"), pre_tokenizers.BertPreTokenizer()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def fit_vocabulary(
    vocabulary: dict[str, int], texts: Iterable[str], size: int
) -> dict[str, tuple[int, ...]]:
    """Fit a BERT-uncased ``vocabulary`` (token -> id) to the tweets in ``texts``.

    Of its tokens the ``size`` most used are kept (special tokens and the single letters, digits
    and signs of ASCII in any case), and emoji that BERT does not know are added.

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
    needed = [vocabulary[token] for token in SPECIAL]
    needed += [
        vocabulary[token]
        for character in map(chr, range(33, 127))
        for token in (character, "##" + character)
        if token in vocabulary
    ]
    often = [index for index, _ in uses.most_common()]
    chosen = set(dict.fromkeys([*needed, *often][: max(size, len(needed))]))
    by_id = {index: token for token, index in vocabulary.items()}
    first = [vocabulary[token] for token in SPECIAL]
    fitted: dict[str, tuple[int, ...]] = {
        by_id[index]: (index,) for index in [*first, *sorted(chosen)]
    }
    for sign, count in sorted(emoji.items()):
        named = unicodedata.name(sign, "").lower()
        words = known.encode(named, add_special_tokens=False).ids
        if count >= EMOJI_USES and sign not in vocabulary and words:
            fitted[sign] = tuple(words)
    return fitted


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
    from transformers import AutoTokenizer

    try:
        vocabulary = AutoTokenizer.from_pretrained(checkpoint).get_vocab()
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise TrainingError(f"no vocabulary in {checkpoint!r}: {reason}") from error
    return cast(dict[str, int], vocabulary)


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
