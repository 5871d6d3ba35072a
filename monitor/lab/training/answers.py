"""What a teacher answers to very many questions, computed once and kept for its students.

A folder holds ``questions.jsonl.gz``, one JSON object a line with ``text`` and ``question`` (as
`inference.marking` writes them, emoji as signs), ``group`` (whose shares of labels the text has),
and where they are known ``reputation`` and ``sentiment`` (indices into `POLARITIES`); and in the
same order ``logits.npy`` [questions, tasks, 3] and ``pooled.npy`` [questions, width], both float16.
``done.json`` says how many of them are answered, from the first on, and by whom. The order is
random, but what is worth more comes earlier: however many are answered, they are mixed well.

The texts are other people's. Where a folder comes without them, they are put together from DATA
again, and compared by their hash; without the pooled vectors a student does without.
"""

import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm import tqdm

from monitor.atomic import replacing
from monitor.console import strict_json
from monitor.inference.marking import OTHER, TARGET, Marks, question, spell_emoji
from monitor.lab.aliases import configured
from monitor.lab.data import NO_LABEL, Example, gist, read_rows
from monitor.lab.errors import Interrupted, TrainingError
from monitor.lab.training import adapters
from monitor.lab.training import network as networks
from monitor.lab.training.batches import collate
from monitor.lab.training.loop import stop_requests
from monitor.lab.training.mixture import SOURCES, MixtureRow, draw, group_of, marker, read_mixture
from monitor.lab.training.network import Network, mean_over
from monitor.lab.training.tokenization import encode
from monitor.verdict import POLARITIES, TASKS

CHUNK: Final = 4096
"""Questions that are answered between two notes of how far it has got."""

BATCH: Final = 64
"""Questions that are answered together."""

UNLABELLED: Final = ("unlabelled", "replab2013_unrelated")

NAME: Final = re.compile(
    r"(?<!\w)@\w{3,}|(?<=[a-z,;:'\"] )(?:[A-Z][\w&'-]*[a-z]\w*)(?: [A-Z][\w&-]*[a-z]\w*){0,2}"
)
"""What looks like a name in a text that nobody has labelled: a handle, or words with capitals."""

NAMES_A_TEXT: Final = 2

OTHERS_MARKED: Final = 0.5
"""Part of the texts (0-1) in which others than the one asked about are marked."""


OTHERS: Final = 22_000
"""Questions, in a pass of `SOURCES`, about names in a text other than the labelled one."""

NOBODY: Final = 10_000
"""Questions without an entity, in texts whose label is about an entity."""

WITHOUT_LABEL: Final = 70_000
"""And so many of texts without a label."""


@dataclass(frozen=True, slots=True)
class TeacherQuestion:
    """One question: a marked text, who is asked about, and the labels where they are known.

    ``group`` is the collection, of RepLab's tweets with the entity (`mixture.group_of`).
    """

    text: str
    question: str | None
    group: str
    reputation: int = NO_LABEL
    sentiment: int = NO_LABEL


def questions_in(
    data: Path, leave_out: bool, chance: random.Random, without: Sequence[str] = ()
) -> list[TeacherQuestion]:
    """Return each text in the folder ``data`` about each name in it, and about nobody.

    Each once, in the order of `mixed`. What is held out is not in it, and nothing of a test file.

    Raises:
        TrainingError: a file is broken, or there is none.
    """
    mixture = read_mixture(data, leave_out, without)
    rows = [row for of_source in mixture.learn.values() for row in of_source]
    kinds: list[tuple[float, list[TeacherQuestion]]] = [
        (SOURCES[name].rows, [labelled(row) for row in of_source])
        for name, of_source in mixture.learn.items()
        if of_source
    ]
    kinds += [
        (NOBODY, [about_nobody(row) for row in rows if row.target is not None]),
        (OTHERS, list(about_others(rows))),
        (WITHOUT_LABEL, list(of_unlabelled(data, mixture.held))),
    ]
    return mixed(kinds, chance)


def mixed(
    kinds: Sequence[tuple[float, Sequence[TeacherQuestion]]], chance: random.Random
) -> list[TeacherQuestion]:
    """Return the questions of all ``kinds``, each once, so that every beginning is a mixture.

    Each kind comes with how much of it is wanted: as long as there is some left, it comes so often,
    in proportion to the others (Efraimidis and Spirakis 2006, weighted sampling without
    replacement).
    """
    found: dict[tuple[str, str | None], tuple[float, TeacherQuestion]] = {}
    for wanted, of_kind in kinds:
        for asked in of_kind:
            key = (asked.text, asked.question)
            if key not in found:
                found[key] = (chance.expovariate(wanted / len(of_kind)), asked)
    return [asked for _, asked in sorted(found.values(), key=lambda one: one[0])]


def labelled(row: MixtureRow) -> TeacherQuestion:
    """Return a row as it is labelled."""
    labels = (row.reputation, row.sentiment)
    return TeacherQuestion(marked(row, row.target), question(row.target), group_of(row), *labels)


def about_nobody(row: MixtureRow) -> TeacherQuestion:
    """Return the text of a row as a whole."""
    return TeacherQuestion(marked(row, None), None, row.source, NO_LABEL, row.sentiment)


def about_others(rows: Iterable[MixtureRow]) -> Iterator[TeacherQuestion]:
    """Yield the texts of ``rows`` about everybody in them."""
    for row in rows:
        for other in row.entities:
            text = marked(row, other.name)
            if other.name != row.target and question(other.name) in text.split():
                yield TeacherQuestion(text, question(other.name), row.source)


def of_unlabelled(data: Path, held: frozenset[str]) -> Iterator[TeacherQuestion]:
    """Yield what has no label, about nobody and about what looks like a name in it."""
    for source in UNLABELLED:
        if not (data / f"{source}.jsonl.gz").is_file():
            continue
        for line in read_rows(data, source):
            if line.get("split") == "test" or gist(line["text"]) in held:
                continue
            names = [line["entity"]] if line.get("entity") else []
            names += NAME.findall(line["text"])[:NAMES_A_TEXT]
            row = MixtureRow(source, line["text"], None, tuple(configured(names, {})))
            yield TeacherQuestion(marked(row, None), None, source)
            for entity in row.entities:
                yield TeacherQuestion(marked(row, entity.name), question(entity.name), source)


def marked(row: MixtureRow, target: str | None) -> str:
    """Return the text of ``row`` asked about ``target``, emoji as signs.

    Others are marked in every second text: an owner has not configured everybody. Nobody is where
    nobody is asked about.
    """
    if target is None:
        return marker(()).mark(row.text, None)
    other = OTHER if draw(row.text) < OTHERS_MARKED else None
    return marker(row.entities).mark(row.text, target, Marks(TARGET, other))


def write_questions(path: Path, asked: Iterable[TeacherQuestion]) -> None:
    """Write the questions into ``path``, whole or not at all."""
    with replacing(path) as draft, gzip.open(draft, "wt", encoding="utf-8") as lines:
        for each in asked:
            line: dict[str, Any] = {"text": each.text, "question": each.question}
            line["group"] = each.group
            for task in TASKS:
                if (label := getattr(each, task)) != NO_LABEL:
                    line[task] = label
            lines.write(strict_json(line, ensure_ascii=False) + "\n")


def read_questions(path: Path) -> list[TeacherQuestion]:
    """Return what `write_questions` wrote."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [TeacherQuestion(**json.loads(line)) for line in lines]


def digest(asked: Iterable[TeacherQuestion]) -> str:
    """Return what tells these questions, in this order, from others."""
    hashed = hashlib.sha256()
    for each in asked:
        hashed.update(f"{each}\n".encode())
    return hashed.hexdigest()


def questions_of(folder: Path, data: Path, settings: Mapping[str, Any]) -> list[TeacherQuestion]:
    """Return the questions of a folder of answers, made of ``data`` if they are not there yet.

    Args:
        folder: of the answers.
        data: folder with the collections.
        settings: of the teacher: what of ``data`` is left out.

    Raises:
        TrainingError: the answers there are to other questions.
    """
    path = folder / "questions.jsonl.gz"
    if path.is_file():
        return read_questions(path)
    chance = random.Random(0)  # noqa: S311 (shuffles tweets, guards nothing)
    asked = questions_in(data, settings["leave_out"], chance, settings.get("without", ()))
    done = folder / "done.json"
    if done.is_file() and digest(asked) != json.loads(done.read_text(encoding="utf-8"))["digest"]:
        raise TrainingError(f"the answers in {folder} are to other texts than those in {data}")
    write_questions(path, asked)
    return asked


def answer(
    network: Network,
    tokenizer: Tokenizer,
    asked: Sequence[TeacherQuestion],
    max_length: int,
    precision: str,
) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Return the logits [questions, tasks, 3] and the pooled vectors [questions, width]."""
    device = next(network.parameters()).device
    examples = [Example(spell_emoji(each.text), each.question) for each in asked]
    pieces = encode(tokenizer, examples, max_length)
    order = sorted(range(len(asked)), key=lambda index: len(pieces[index][0]))
    width = network.heads[TASKS[0]].in_features
    logits = np.empty((len(asked), len(TASKS), len(POLARITIES)), np.float16)
    pooled = np.empty((len(asked), int(str(width))), np.float16)
    with (
        torch.inference_mode(),
        torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"),
    ):
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            batch = collate([examples[i] for i in chosen], [pieces[i] for i in chosen]).to(device)
            found, states = network(batch.input_ids, batch.token_type_ids)
            stacked = torch.stack([found[task].float() for task in TASKS], 1)
            logits[chosen] = stacked.cpu().numpy().astype(np.float16)
            means = mean_over(batch.input_ids != 0, states[-1]).float()
            pooled[chosen] = means.cpu().numpy().astype(np.float16)
    return logits, pooled


def compute(
    data: Path,
    teacher: Path,
    output: Path,
    *,
    leave_out: bool = False,
    precision: str = "fp32",
    limit: int = 0,
) -> int:
    """Let the network in ``teacher`` answer the questions in ``data``, into ``output``.

    Goes on where it stopped. ``limit``: answer no more than so many (0: all). Returns how many are
    answered.

    Raises:
        Interrupted: asked to stop; calling again goes on.
        TrainingError: data or teacher are missing, or ``output`` is of another teacher.
    """
    network, tokenizer, record = adapters.load(teacher)
    if not record.get("settings", {}).get("naming"):
        raise TrainingError(f"{teacher} was not trained with --marked: it cannot be asked so")
    network.to(networks.device())
    output.mkdir(parents=True, exist_ok=True)
    asked = questions_of(output, data, record["settings"] | {"leave_out": leave_out})
    hashed = digest(asked)
    whole = min(len(asked), limit or len(asked))
    kept = ("settings", "tweets", "shares", "start", "dev")
    identity = json.loads(strict_json({key: record[key] for key in kept if key in record}))
    done_path = output / "done.json"
    done = 0
    if done_path.is_file():
        note = json.loads(done_path.read_text(encoding="utf-8"))
        if note["teacher"] != identity:
            raise TrainingError(
                f"{output} holds another teacher's answers; choose another --output"
            )
        done = int(note["answered"])
    width = int(str(network.heads[TASKS[0]].in_features))
    logits = opened(output / "logits.npy", (len(asked), len(TASKS), len(POLARITIES)))
    pooled = opened(output / "pooled.npy", (len(asked), width))
    max_length = record["settings"]["max_length"]
    with (
        stop_requests() as stop_asked,
        tqdm(total=whole, initial=done, desc="answers", unit="question", mininterval=1.0) as bar,
    ):
        while done < whole:
            if stop_asked():
                raise Interrupted(f"stopped after {done} of {whole}; run again to go on")
            chunk = asked[done : min(done + CHUNK, whole)]
            place = slice(done, done + len(chunk))
            logits[place], pooled[place] = answer(network, tokenizer, chunk, max_length, precision)
            logits.flush()
            pooled.flush()
            done += len(chunk)
            note = {"teacher": identity, "digest": hashed, "answered": done}
            with replacing(done_path) as draft:
                draft.write_text(strict_json(note), encoding="utf-8")
            bar.update(len(chunk))
    return done


def opened(path: Path, shape: tuple[int, ...]) -> "np.memmap[Any, np.dtype[np.float16]]":
    """Open an array on disk for writing; make it if it is not there."""
    if path.is_file():
        return np.lib.format.open_memmap(path, "r+")
    return np.lib.format.open_memmap(path, "w+", np.float16, shape)
