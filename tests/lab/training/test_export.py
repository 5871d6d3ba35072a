"""A network in a folder -> a model's folder, in each variant."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from monitor.inference import Classifier, Model
from monitor.lab.errors import TrainingError
from monitor.lab.structure import Structure
from monitor.lab.training import export, plain
from monitor.lab.training import network as networks
from monitor.lab.training.student import fresh
from monitor.lab.training.tokenization import build
from monitor.lab.training.variants import VARIANTS, Variant
from tests.lab.training.conftest import WORDS

RECORD: dict[str, Any] = {
    "settings": {
        "vocabulary": 40,
        "epochs": 1.0,
        "batch": 8,
        "learning_rate": 0.001,
        "precision": "fp32",
        "seed": 0,
    }
}
"""As `monitor train` leaves it, of what export reads."""


def write_student(
    folder: Path,
    *,
    layers: int = 2,
    stacks: int = 2,
    **more: Any,  # noqa: ANN401 (JSON)
) -> None:
    """Write an untrained toy, wide enough that the converter quantizes it, as if trained.

    ``more`` goes into its record.
    """
    torch.manual_seed(0)
    shape = Structure(
        layers=layers,
        hidden=48,
        bottleneck=32,
        heads=4,
        intermediate=64,
        stacks=stacks,
        embedding=32,
        vocabulary=len(WORDS),
    )
    tokenizer = build({word: index for index, word in enumerate(WORDS)})
    networks.save(fresh(shape), tokenizer, RECORD | more, folder)


def write_plain(folder: Path, tiny_bert: Path) -> None:
    """Write an untrained toy without bottlenecks, of a BERT that is wide enough to be quantized."""
    torch.manual_seed(0)
    config = BertConfig.from_pretrained(tiny_bert)
    config.update({"hidden_size": 48, "num_attention_heads": 4, "intermediate_size": 64})
    BertModel(config).save_pretrained(tiny_bert)
    network, tokenizer = plain.begun_from(str(tiny_bert))
    with torch.no_grad():  # what is 1 or 0 is left out of a file
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    networks.save(network, tokenizer, RECORD, folder)


@pytest.mark.parametrize("has_bottlenecks", [True, False])
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_daemon_runs_every_variant(
    variant: Variant, has_bottlenecks: bool, tiny_bert: Path, tmp_path: Path
) -> None:
    """Each is a model's folder that verifies itself, and answers as the network did."""
    if has_bottlenecks:
        write_student(tmp_path / "student")
    else:
        write_plain(tmp_path / "student", tiny_bert)
    settings = export.ExportSettings(variant=variant)
    report = export.export(tmp_path / "student", tmp_path / "model", settings)
    model = Model.load(tmp_path / "model")

    assert report["difference"] <= export.TOLERANCES[variant]
    assert report["model"] == len(model.flatbuffer)
    with Classifier(model, workers=1, runtime="litert") as classifier:
        classifier.check()


def test_fusions_of_bottlenecks(tiny_bert: Path, tmp_path: Path) -> None:
    """Without bottlenecks they cannot be left out one by one."""
    write_plain(tmp_path / "student", tiny_bert)
    with pytest.raises(TrainingError, match="with all fusions"):
        export.export(
            tmp_path / "student", tmp_path / "model", export.ExportSettings(fusions=frozenset())
        )


def test_an_answer_too_far_off_is_refused(tmp_path: Path) -> None:
    """And nothing is written."""
    write_student(tmp_path / "student")
    with pytest.raises(TrainingError, match="differs from the network"):
        export.export(
            tmp_path / "student", tmp_path / "model", export.ExportSettings(tolerance=-1.0)
        )

    assert not (tmp_path / "model").exists()


def test_calibrated_as_it_comes_out_of_the_file(tmp_path: Path) -> None:
    """Temperatures are in the weights, so that both runtimes give calibrated probabilities."""
    calibration = {"reputation": {"temperature": 3.0, "tweets": 1, "confusion": [[1]]}}
    write_student(tmp_path / "sure")
    write_student(tmp_path / "unsure", calibration=calibration)
    fp32 = export.ExportSettings(variant="fp32")
    verdicts = []
    for name in ("sure", "unsure"):
        export.export(tmp_path / name, tmp_path / f"{name}-model", fp32)
        with Classifier(Model.load(tmp_path / f"{name}-model"), workers=1) as classifier:
            verdicts += classifier.classify([("love my new car", "Veloria")])
    sure, unsure = verdicts

    assert sure["sentiment"].probabilities == unsure["sentiment"].probabilities
    before = np.array(list(sure["reputation"].probabilities.values()))
    after = np.array(list(unsure["reputation"].probabilities.values()))
    cooled = before ** (1 / 3)
    assert after == pytest.approx(cooled / cooled.sum(), abs=1e-5)
    card = tomllib.loads((tmp_path / "unsure-model" / "model.toml").read_text())
    assert calibration == card["calibration"]
