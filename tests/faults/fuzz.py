"""Coverage-guided fuzzing of payloads: what reaches new code is kept, and changed further.

``make fuzz`` starts from the kept payloads, which `test_fuzz` replays without any of
this. A payload that breaks what `oracle.check` asks for, or hangs, ends it and is the last line
printed; once mended it belongs into ``seeds.jsonl``. ``make fuzz KEEP=--keep`` puts what was found
into ``found.jsonl``: the fewest and shortest payloads that reach as much code beside the seeds.

The fuzzer is libFuzzer, by way of atheris, which tells it what Python code was reached.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import Any, AnyStr, Final

SEEDS: Final = Path(__file__).parent / "corpus" / "seeds.jsonl"
FOUND: Final = Path(__file__).parent / "corpus" / "found.jsonl"
_INSTRUMENTED: Final = (
    *(
        "monitor.tweets.bluesky",
        "monitor.tweets.encodings",
        "monitor.tweets.hypertext",
        "monitor.tweets.mastodon",
        "monitor.tweets.taking",
        "monitor.tweets.tweet",
        "monitor.tweets.twitter",
        "monitor.tweets.wrapping",
        "monitor.tweets.entities",
        "monitor.tweets.masking",
        "monitor.tweets.pseudonyms",
        "monitor.tweets.shape",
        "monitor.tweets.redaction",
    ),
    *("monitor.daemon.keeping", "json"),
)
_LIMITS: Final = (
    "-max_len=8300",  # bytes: enough to be too large for `oracle.LARGEST`
    "-len_control=100",  # short ones first
    "-timeout=10",  # seconds
)
_COMMAND: Final = (sys.executable, "-m", "tests.faults.fuzz", "--be-fuzzer")

_WORDS: Final = (
    *("Acme", "acme of perfection", "@AcmeHelp", "#LandRover", "AT&T", "l\u2019ore\u0301al"),
    *("RT @a: ", "&amp;lt;", "https://a.bc/d?e", "www.", "t.co/a", "a.b@c.de", "\uff20a"),
    *("+49 (0) 170 1234567", "(555) 123-4567", "0170/1234567", "06 12 34 56 78"),
    *("", " ", "\0", "\ud800", "\ufeff", "\u00ad", "x" * 129, "\U0001f621"),
)
_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, 0, -(2**63), 1.5, float("nan"), [], {}, ["Acme", "acme"], [1]),
    *([str(number) for number in range(17)], {"id": 1, "text": "b"}, [{"type": "retweeted"}]),
)


def read(path: Path) -> list[bytes]:
    """Read kept payloads: a JSON string a line, bytes outside UTF-8 as surrogates (PEP 383)."""
    lines = path.read_text().splitlines()
    return [json.loads(line).encode(errors="surrogateescape") for line in lines]


def written(payloads: Iterable[bytes]) -> str:
    """Write payloads as they are kept, the shortest first."""
    lines = (json.dumps(payload.decode(errors="surrogateescape")) for payload in payloads)
    return "".join(f"{line}\n" for line in sorted(lines, key=lambda line: (len(line), line)))


def changed(
    payload: bytes,
    longest: int,
    seed: int,
    keys: Sequence[str],
    mutate: Callable[[bytes, int], bytes],
) -> bytes:
    """Change a payload: its bytes or, so that JSON stays JSON, a field of one of its objects."""
    rng = random.Random(seed)
    if rng.random() < 0.002:  # what takes more than linear time shows when it is long
        return (payload * (longest // max(len(payload), 1) + 1))[:longest]
    try:
        if rng.random() < 0.3:
            return mutate(payload, longest)
        message = json.loads(payload)
        if not isinstance(message, dict):
            word = rng.choice(_WORDS).encode(errors="surrogatepass")
            return _spliced(payload, word, rng)[:longest]
        _change_field(message, rng, keys)
        text = json.dumps(message, ensure_ascii=rng.random() < 0.5)
    except (ValueError, RecursionError):
        return mutate(payload, longest)
    return text.encode(errors="surrogatepass")[:longest]


def _change_field(fields: dict[str, Any], rng: random.Random, keys: Sequence[str]) -> None:
    """Leave out, replace, rename or rewrite something in an object or in one inside it."""
    while inner := [value for value in fields.values() if isinstance(value, dict)]:
        if rng.random() < 0.5:
            break
        fields = rng.choice(inner)
    key = rng.choice([*fields, *keys])
    old = fields.pop(key, "")
    match rng.randrange(4):
        case 0:
            fields[key] = rng.choice(_VALUES)
        case 1:
            fields[rng.choice(keys)] = old
        case 2:
            fields[key] = _spliced(old if isinstance(old, str) else "", rng.choice(_WORDS), rng)


def _spliced(text: AnyStr, word: AnyStr, rng: random.Random) -> AnyStr:
    """Put a word in somewhere, or in the place of a character or two."""
    at = rng.randrange(len(text) + 1)
    return text[:at] + word + text[at + rng.randrange(3) :]


def be_fuzzer(arguments: Sequence[str]) -> None:
    """Be libFuzzer, which ends the process."""
    atheris: Any = importlib.import_module("atheris")  # only `make fuzz` installs it
    with atheris.instrument_imports(include=[*_INSTRUMENTED]):
        check = importlib.import_module("tests.faults.oracle").check
    keys = importlib.import_module("tests.tweets.test_tweet").FIELDS

    def mutator(payload: bytes, longest: int, seed: int) -> bytes:
        return changed(payload, longest, seed, keys, atheris.Mutate)

    myself = " ".join(map(quote, _COMMAND))  # merging starts it again, through a shell
    atheris.Setup([myself, *arguments], check, custom_mutator=mutator)
    atheris.Fuzz()


def fuzz(runs: int, *, keep: bool) -> int:
    """Try so many payloads, and return the exit code: 0 if all was well."""

    def libfuzzer(*arguments: object) -> int:
        return subprocess.run([*_COMMAND, *_LIMITS, *map(str, arguments)], check=False).returncode

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seeds, found = folder / "seeds", folder / "found"
        for corpus, path in ((seeds, SEEDS), (found, FOUND)):
            corpus.mkdir()
            for payload in read(path):
                (corpus / sha256(payload).hexdigest()).write_bytes(payload)
        known = {path.name for path in seeds.iterdir()}
        code = libfuzzer(f"-runs={runs}", f"-artifact_prefix={folder}/broken-", found, seeds)
        if keep and code == 0:
            code = libfuzzer("-merge=1", seeds, found)
            new = [path.read_bytes() for path in seeds.iterdir() if path.name not in known]
            FOUND.write_text(written(new))
        sys.stdout.write(written(path.read_bytes() for path in folder.glob("broken-*")))
    return code


def main() -> None:
    """Run from the command line."""
    if sys.argv[1:2] == ["--be-fuzzer"]:
        be_fuzzer(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    sys.exit(fuzz(arguments.runs, keep=arguments.keep))


if __name__ == "__main__":
    main()
