"""By which commands a network can be made again, told from its training record."""

from pathlib import PurePath
from typing import Any


def common_options(made: dict[str, Any]) -> str:
    """Return the options that the trainings of teacher and student share."""
    return (
        f"--batch {made['batch']} --learning-rate {made['learning_rate']} "
        f"--precision {made['precision']} --seed {made['seed']}"
    )


def train_command(made: dict[str, Any]) -> str:
    """Return the command that makes a teacher with the settings ``made``."""
    return (
        f"monitor train DATA --vocabulary {made['vocabulary']} "
        f"--epochs {made['epochs']} {common_options(made)}"
    )


def marked_commands(record: dict[str, Any]) -> list[str]:
    """Return the commands that make the teacher with this ``record``, whose targets are marked."""
    made = record["settings"]
    start = record.get("start")
    origin = ".training/start" if start else PurePath(made["checkpoint"]).name
    rank = f" --rank {made['rank']}" if made.get("rank") else ""
    rank += "".join(f" --leave-out {name}" for name in made.get("without", ()))
    command = (
        f"monitor train DATA --marked --from {origin}{' --strangers' * made['leave_out']} "
        f"--epochs {made['passes']}{rank} {common_options(made)}"
    )
    before = [f"{each} --output {origin}" for each in marked_commands(start)] if start else []
    return [*before, command]


def taught_commands(record: dict[str, Any]) -> list[str]:
    """Return the commands that make the student with this ``record``, taught by answers."""
    made, count = record["settings"], record["tweets"]["questions"]
    strangers = " --strangers" * record["teacher"]["settings"]["leave_out"]
    layers = f" --layers {made['layers']}" if made["layers"] else ""
    more = "".join(f" --{name} {made[name]}" for name in ("labelled", "invented") if made.get(name))
    start = record["start"]
    origin = f"models/{start['model']}" if "model" in start else ".training/start"
    origin = start.get("checkpoint", origin)
    last = (
        f"monitor distil DATA --answers .training/answers --from {origin}{layers} "
        f"--questions {count}{more} --examples {made['examples']} {common_options(made)}"
    )
    before: list[str] = []
    if "questions" in start.get("settings", {}):
        before = [*taught_commands(start)]
        before[-1] += " --output .training/start"
    elif "checkpoint" not in start:
        before = commands_of(start)
    if second := record.get("tutor"):  # it was taught by the same answers
        before += taught_commands(second)
        before[-1] += " --output .training/tutor"
        last += " --tutor .training/tutor"
    asking = [
        *marked_commands(record["teacher"]),
        f"monitor answers DATA --limit {count} --precision {made['precision']}{strangers}",
    ]
    # What a start and a second teacher have learnt from too is made once.
    return [*dict.fromkeys([*before, *asking, last])]


def commands_of(record: dict[str, Any]) -> list[str]:
    """Return the commands, in order, that give the network with this ``record`` again.

    A record tells its ``command``, or its settings, from which it follows; and the ``start`` that
    it went on from, or its teacher.
    """
    own = record.get("settings", {})
    if "command" in record:
        return [record["command"]]
    if "questions" in own:
        return taught_commands(record)
    if "naming" in own and "structure" not in own:
        return marked_commands(record)
    if "structure" not in own:
        return [train_command(own)]
    structure, teacher = own["structure"], record["teacher"]["settings"]
    options = f"--examples {own['examples']} {common_options(own)}"
    if "model" in teacher:
        options = f"--teacher models/{teacher['model']} {options}"
    if "start" in record:
        return [
            *commands_of(record["start"]),
            f"monitor distil DATA --from .training/search/found {options}",
        ]
    before = [] if "model" in teacher else commands_of(record["teacher"])
    widths = f"--stacks {structure['stacks']} --intermediate {structure['intermediate']}"
    return [*before, f"monitor distil DATA {widths} {options}"]
