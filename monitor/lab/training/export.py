"""A finished network -> a model folder that the daemon can run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from monitor.inference.chatter import without_chatter
from monitor.lab.card import without_folders, write_card, write_file
from monitor.lab.data import Example
from monitor.lab.errors import TrainingError
from monitor.lab.training import network as networks
from monitor.lab.training import temperature
from monitor.lab.training.batches import collate
from monitor.lab.training.families import FAMILIES
from monitor.lab.training.fold import Folded, fold, read
from monitor.lab.training.fusion import FUSIONS, Fusions
from monitor.lab.training.mixture import marked
from monitor.lab.training.network import Network
from monitor.lab.training.plain import is_plain
from monitor.lab.training.plain_layers import layers_of
from monitor.lab.training.provenance import commands_of
from monitor.lab.training.tokenization import encode
from monitor.lab.training.variants import Ids, Variant
from monitor.verdict import POLARITIES, TASKS

KNOWN = Example(
    "Third time this year that my Veloria breaks down on the way to work. "
    "Worst car I have ever bought, and nobody at the service desk answers.",
    "Veloria",
)
"""An invented tweet that every model is asked, so that a board can check its answer."""

PROBES = (
    KNOWN,
    Example("Thank you Veloria, the new electric model is a joy to drive! 😍", "Veloria"),
    Example("Veloria opens a plant in Graz on Monday http://example.org/news", "Veloria"),
    Example("what a game last night, could not sleep afterwards #proud"),
    Example("Rain. Rain &amp; more rain."),
    Example("@northbank your app is down AGAIN, how am I supposed to pay my rent?", "North Bank"),
    Example("RT @northbank: our branches close at 4 pm on Friday", "North Bank"),
    Example("ok"),
)
"""Invented tweets on which the exported file is compared with the network it was made from."""


TOLERANCES: Final[dict[Variant, float]] = {
    "fp32": 1e-4,
    "fp16": 0.01,
    "int8": 0.1,
    "full-int8": 0.2,
}
"""How far a probability may be from the network's, on the `PROBES`."""


@dataclass(frozen=True)
class ExportSettings:
    """What to write.

    ``variant`` is one of `variants.Variant`, ``fusions`` some of `fusion.Fusion`. ``tolerance`` is
    the largest difference of probabilities, between the file and the network, that is let through;
    None: `TOLERANCES`'.
    Lengths are in tokens; ``max_length`` None is what a student was trained with, 64 if it does
    not tell.
    """

    variant: Variant = "int8"
    fusions: Fusions = FUSIONS
    version: str = "1"
    max_length: int | None = None
    positions: int = 128
    tolerance: float | None = None


def folded(network: Network, positions: int) -> Folded:
    """Return ``network`` folded, in float64.

    Raises:
        TrainingError: as `unfolded`, or a NoNorm weight is zero.
    """
    return fold(unfolded(network, positions))


def unfolded(network: Network, positions: int) -> Folded:
    """Return ``network`` as linear layers with their norms, in float64.

    Raises:
        TrainingError: it is no MobileBERT of the kind that can be exported.
    """
    config: Any = network.encoder.config
    wanted = {
        "model_type": "mobilebert",
        "normalization_type": "no_norm",
        "hidden_act": "relu",
        "trigram_input": True,
        "use_bottleneck": True,
        "use_bottleneck_attention": False,
        "key_query_shared_bottleneck": True,
    }
    for name, value in wanted.items():
        if (found := getattr(config, name, None)) != value:
            raise TrainingError(f"cannot export: {name} is {found!r}, must be {value!r}")
    return read(
        {name: value.double().numpy() for name, value in network.state_dict().items()},
        layers=config.num_hidden_layers,
        stacks=config.num_feedforward_networks,
        attention_heads=config.num_attention_heads,
        positions=min(positions, config.max_position_embeddings),
    )


def converted(network: Network, settings: ExportSettings, samples: Sequence[Ids]) -> bytes:
    """Return ``network`` as a FlatBuffer; ``samples`` is the representative dataset.

    Raises:
        TrainingError: it is of a kind that cannot be exported, or cannot be without a fusion.
    """
    if network.family is FAMILIES["mobilebert"] and is_plain(network):
        if settings.fusions != FUSIONS:
            raise TrainingError("a MobileBERT without bottlenecks is exported with all fusions")
        layers = layers_of(network, settings.positions)
        # TensorFlow takes seconds to import: only when it is sure to be needed.
        from monitor.lab.training import plain_graph

        with without_chatter():
            return plain_graph.flatbuffer(layers, settings.variant, samples)
    arrays = unfolded(network, settings.positions)
    from monitor.lab.training.graph import flatbuffer

    with without_chatter():
        return flatbuffer(arrays, settings.variant, samples, settings.fusions)


def ids_of(tokenizer: Tokenizer, examples: Sequence[Example], max_length: int) -> Ids:
    """Return token ids and type ids [examples, longest] as the file takes them."""
    batch = collate(examples, encode(tokenizer, examples, max_length))
    return (
        batch.input_ids.numpy().astype(np.int32),
        batch.token_type_ids.numpy().astype(np.int32),
    )


def answers_of_network(
    network: Network, tokenizer: Tokenizer, examples: Sequence[Example], max_length: int
) -> dict[str, NDArray[np.float32]]:
    """Return PyTorch's probabilities [examples, labels] of each task."""
    batch = collate(examples, encode(tokenizer, examples, max_length))
    with torch.inference_mode():
        logits, _ = network(batch.input_ids, batch.token_type_ids)
    return {task: logits[task].softmax(-1).numpy() for task in TASKS}


def answers_of_file(
    model: bytes, tokenizer: Tokenizer, examples: Sequence[Example], max_length: int
) -> dict[str, NDArray[np.float32]]:
    """Return the FlatBuffer's probabilities [examples, labels] of each task."""
    from ai_edge_litert.interpreter import Interpreter

    input_ids, token_type_ids = ids_of(tokenizer, examples, max_length)
    with without_chatter():
        interpreter = Interpreter(model_content=model, num_threads=1)
        run = interpreter.get_signature_runner("serving_default")
    answers: dict[str, NDArray[np.float32]] = run(
        input_ids=input_ids, token_type_ids=token_type_ids
    )
    return answers


def command_of(record: dict[str, Any], name: str, settings: ExportSettings) -> str:
    """Return the commands, by what is in a training record, that give the model ``name`` again."""
    folder = ".training/student" if "structure" in record["settings"] else ".training/teacher"
    without = "".join(f" --without {fusion}" for fusion in sorted(FUSIONS - settings.fusions))
    last = (
        f"monitor export {folder} --output models/{name} --variant {settings.variant} "
        f"--version {settings.version}{without}"
    )
    return " && ".join([*commands_of(record), last])


def export(student: Path, output: Path, settings: ExportSettings) -> dict[str, Any]:
    """Write model.tflite, tokenizer.json and model.toml for the network in ``student``.

    Returns the largest difference of probabilities on the `PROBES` and the file sizes in bytes.

    Raises:
        TrainingError: nothing finished is there, it is of another kind, or the file's answers are
            not the network's.
    """
    network, tokenizer, record = networks.load(student)
    made = record.get("settings", {})
    max_length = settings.max_length or int(made.get("max_length", 64))
    is_marked = "naming" in made
    probes = [marked(probe) for probe in PROBES] if is_marked else PROBES
    calibration = record.get("calibration", {})
    temperature.apply(network, calibration)
    # Only full-int8 looks at the samples. Eight tweets find its scales nearly as well as hundreds.
    model = converted(network, settings, [ids_of(tokenizer, probes, max_length)])

    expected = answers_of_network(network, tokenizer, probes, max_length)
    found = answers_of_file(model, tokenizer, probes, max_length)
    difference = max(float(np.abs(expected[task] - found[task]).max()) for task in TASKS)
    tolerance = TOLERANCES[settings.variant] if settings.tolerance is None else settings.tolerance
    if not difference <= tolerance:
        raise TrainingError(
            f"the exported file differs from the network by {difference:.3f} in a probability "
            f"(at most {tolerance} is let through); nothing was written"
        )

    output.mkdir(parents=True, exist_ok=True)
    prepared = tokenizer.to_str().encode()
    files = {
        "model.tflite": write_file(output / "model.tflite", model),
        "tokenizer.json": write_file(output / "tokenizer.json", prepared),
    }
    card = {
        "name": output.resolve().name,
        "version": settings.version,
        "max_length": max_length,
        **({"reads": "marks"} if is_marked else {}),
        "languages": ["en"],  # that of all training data
        "files": files,
        "tasks": {task: {"labels": list(POLARITIES)} for task in TASKS},
        "known": {
            "text": KNOWN.text,
            "entity": KNOWN.entity,
            **{task: POLARITIES[int(found[task][0].argmax())] for task in TASKS},
        },
        "calibration": calibration,
        "metrics": {},
        "training": {
            "command": command_of(record, output.resolve().name, settings),
            "seed": record.get("settings", {}).get("seed", 0),
            **without_folders({k: v for k, v in record.items() if k != "calibration"}),
        },
    }
    write_card(output, card)
    return {"difference": difference, "model": len(model), "tokenizer": len(prepared)}
