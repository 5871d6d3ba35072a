"""By which commands a network can be made again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from monitor.lab.structure import Structure
from monitor.lab.training.provenance import commands_of

COMMON = {"batch": 8, "learning_rate": 0.1, "precision": "fp32", "seed": 3}
TEACHER = COMMON | {"vocabulary": 100, "epochs": 1.0}
STUDENT = COMMON | {"examples": 7, "structure": asdict(Structure(stacks=2, intermediate=64))}
OPTIONS = "--batch 8 --learning-rate 0.1 --precision fp32 --seed 3"


def test_teacher() -> None:
    """One command."""
    assert [f"monitor train DATA --vocabulary 100 --epochs 1.0 {OPTIONS}"] == commands_of(
        {"settings": TEACHER}
    )


def test_student_of_a_teacher() -> None:
    """The teacher's command comes first."""
    record: dict[str, Any] = {"settings": STUDENT, "teacher": {"settings": TEACHER}}

    assert [
        *commands_of({"settings": TEACHER}),
        f"monitor distil DATA --stacks 2 --intermediate 64 --examples 7 {OPTIONS}",
    ] == commands_of(record)


def test_found_and_trained_further() -> None:
    """The search's command comes first, and the model that taught is named."""
    record: dict[str, Any] = {
        "settings": STUDENT,
        "teacher": {"settings": {"model": "large"}},
        "start": {"command": "monitor search DATA", "settings": {}},
    }

    assert [
        "monitor search DATA",
        "monitor distil DATA --from .training/search/found --teacher models/large --examples 7 "
        + OPTIONS,
    ] == commands_of(record)


def test_teacher_with_marks_and_its_student() -> None:
    """A teacher trained further tells both trainings, and whoever learnt from it tells them too."""
    made = {
        "checkpoint": "/home/x/.cache/all-mpnet-base-v2",
        "naming": "marked",
        "leave_out": True,
        "passes": 1.0,
        "batch": 32,
        "learning_rate": 4e-5,
        "precision": "bf16",
        "seed": 0,
    }
    further = made | {"checkpoint": "runs/one", "leave_out": False, "passes": 0.75, "seed": 1}
    teacher = {"settings": further, "start": {"settings": made}}
    begin, end = "monitor train DATA --marked", "--output .training/start"
    common = "--batch 32 --learning-rate 4e-05 --precision bf16"
    expected = [
        f"{begin} --from all-mpnet-base-v2 --strangers --epochs 1.0 {common} --seed 0 {end}",
        f"{begin} --from .training/start --epochs 0.75 {common} --seed 1",
    ]

    assert expected == commands_of(teacher)
    student = made | {"structure": {"stacks": 2, "intermediate": 256}, "examples": 10}
    del student["naming"]
    assert expected == commands_of({"settings": student, "teacher": teacher})[:2]
