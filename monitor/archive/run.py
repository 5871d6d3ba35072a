"""A run over files: which are still to be labelled, and their labelling."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from monitor.archive.draft import Draft
from monitor.archive.inputs import REJECTED, Input, InputError
from monitor.archive.manifest import Entry, Manifest
from monitor.archive.progress import Progress
from monitor.archive.question import Columns
from monitor.archive.stream import Engine, Piece
from monitor.console import counted, strict_json
from monitor.inference import Model
from monitor.settings.belongings import refusal
from monitor.tweets import Entity


class RunError(Exception):
    """A run has to end; the message says why."""


@dataclass(slots=True)
class Summary:
    """What a run has done."""

    tweets: int = 0
    rejected: int = 0
    files: int = 0
    """Completed by this run."""
    failed: list[str] = field(default_factory=list)
    """Names of files that could not be read or labelled."""


def asked(model: Model, runtime: str, question: Columns) -> dict[str, str | None]:
    """Return what outputs depend on: those that differ in it do not belong into one folder."""
    return {
        "model": f"{model.name} {model.version}",
        "sha256": model.sha256,
        "tokenizer": sha256(model.tokenizer.encode()).hexdigest(),
        "runtime": runtime,
        "task": question.task,
        "entity": question.entity,
        "text_column": question.text_column,
        "entity_column": question.entity_column,
        "every_language": "yes" if question.every_language else None,
        "entities": _told_of(question.entities) if model.reads == "marks" else None,
    }


def _told_of(entities: Sequence[Entity]) -> str | None:
    """Return how many entities there are, and a digest that tells them from others."""
    if not entities:
        return None
    content = strict_json([asdict(entity) for entity in entities], sort_keys=True)
    return f"{len(entities)}, SHA-256 {sha256(content.encode()).hexdigest()[:16]}"


def plan(
    inputs: Sequence[Input],
    folder: Path,
    manifest: Manifest,
    question: Mapping[str, str | None],
    *,
    force: bool,
) -> list[Input]:
    """Return which inputs are to be labelled: those whose output is not complete.

    An input that has changed since is labelled anew. With ``force`` outputs that are in the way
    are removed.

    Raises:
        InputError: if something is in the way that is not an older state of the same.
        OSError: if it cannot be removed.
    """
    in_the_way = {}
    for one in inputs:
        if _is_input(folder / one.name, inputs):
            raise InputError(f"{folder / one.name}: is an input; label into another folder")
        for name in (one.name, one.name + REJECTED):
            if why := refusal(folder / name):
                raise InputError(why)
        if reason := _objection(one, folder / one.name, manifest.entries.get(one.name), question):
            in_the_way[one.name] = reason
    names = {one.name for one in inputs}
    for entry in manifest.entries.values():
        other = _difference(entry.asked, question)
        if other and entry.name not in names and (folder / entry.name).exists():
            raise InputError(
                f"{folder / entry.name}: {other}; label into another folder, or give"
                f" {entry.source} too, with --force"
            )
    if in_the_way and not force:
        name, reason = next(iter(in_the_way.items()))
        more = f" (and {len(in_the_way) - 1} more)" if len(in_the_way) > 1 else ""
        raise InputError(
            f"{folder / name}{more}: {reason}; label into another folder, or --force removes it"
            " and labels anew"
        )
    for name in in_the_way:
        (folder / name).unlink()
        (folder / (name + REJECTED)).unlink(missing_ok=True)
    return [one for one in inputs if not _complete(one, folder, manifest.entries.get(one.name))]


def _is_input(output: Path, inputs: Iterable[Input]) -> bool:
    return output.exists() and any(output.samefile(one.path) for one in inputs)


def _objection(
    one: Input, output: Path, entry: Entry | None, question: Mapping[str, str | None]
) -> str:
    """Say what keeps an output from being kept or replaced, or nothing."""
    if not output.exists():
        return ""
    if entry is None:
        return "is there, and was not made by this command"
    if output.stat().st_size != entry.size:
        return "has been changed"
    if other := _difference(entry.asked, question):
        return other
    if not _unchanged(one, entry) and entry.source != str(one.path):
        return f"is of {entry.source}"
    return ""


def _difference(old: Mapping[str, str | None], new: Mapping[str, str | None]) -> str:
    for key, value in new.items():
        if old.get(key) != value:
            return f"was made with {key} = {old.get(key)!r}, not {value!r}"
    return ""


def _complete(one: Input, folder: Path, entry: Entry | None) -> bool:
    return entry is not None and (folder / one.name).exists() and _unchanged(one, entry)


def _unchanged(one: Input, entry: Entry) -> bool:
    return (one.size, one.mtime_ns) == (entry.source_size, entry.source_mtime_ns)


def carry_out(
    inputs: Sequence[Input],
    folder: Path,
    manifest: Manifest,
    question: Mapping[str, str | None],
    start: Callable[[], AbstractContextManager[Engine]],
    summary: Summary,
) -> None:
    """Label files, one output after the other.

    Args:
        inputs: what `plan` has returned.
        folder: where outputs go.
        manifest: gets an entry for each.
        question: what entries say was asked.
        start: starts the engine.
        summary: kept up to date, whatever happens.

    Raises:
        RunError: if an output cannot be written.
        EngineError: if the engine fails.
    """
    with Progress(inputs) as progress, start() as engine:
        draft: Draft | None = None
        try:
            for item in engine.label(inputs):
                one = item.input
                try:
                    draft = draft or Draft(one, folder)
                    if isinstance(item, Piece):
                        draft.write(item.labelled)
                        progress.advance(one, item.read, item.labelled.count)
                        continue
                    if error := item.error or _none_labelled(draft):
                        draft.discard()
                        summary.failed.append(one.name)
                        progress.say(f"monitor: {one.path}: {error}")
                    else:
                        _complete_file(draft, one, folder, manifest, question)
                        summary.files += 1
                        summary.tweets += draft.count
                        summary.rejected += draft.rejections
                    draft = None
                    progress.end(one)
                except OSError as error:
                    raise RunError(f"{folder / one.name}: {error.strerror or error}") from error
        finally:
            if draft:
                draft.discard()


def _none_labelled(draft: Draft) -> str:
    """Say why not one row could be labelled, or nothing: then it is the file that is wrong."""
    if draft.count or not draft.rejected:
        return ""
    first = json.loads(draft.rejected[0])
    unit = next(iter(first))
    return (
        f"none of its {counted(draft.rejections, 'row')} can be labelled; {unit} {first[unit]}:"
        f" {first['reason']}"
    )


def _complete_file(
    draft: Draft,
    one: Input,
    folder: Path,
    manifest: Manifest,
    question: Mapping[str, str | None],
) -> None:
    """Put an output in its place.

    The entry is written before the output has its name, and an older output is removed before
    that: killed anywhere in between, the file is labelled again.
    """
    size = draft.finish()
    (folder / one.name).unlink(missing_ok=True)
    manifest.add(
        Entry(
            one.name,
            size,
            draft.count,
            draft.rejections,
            str(one.path),
            one.size,
            one.mtime_ns,
            question,
        )
    )
    draft.publish()
