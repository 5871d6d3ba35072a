"""The engine for many machines: Ray Data, with an actor a worker.

A single read task hands out chunks on the machine that the command runs on, actors anywhere label
them, and the command takes them in order and writes. So inputs and outputs need no storage that
the machines share, and Ray's own backpressure bounds what is under way.
"""

from __future__ import annotations

import io
import logging
import os
import pickle
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, redirect_stdout
from types import TracebackType
from typing import Any, Final, Self

# What Ray reads when it is imported. Nothing about its use is reported to its makers.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
os.environ["RAY_DEDUP_LOGS"] = "0"  # what it holds back it prints when the program ends

import click
import pyarrow as pa
import ray
import ray.data
from ray.data import ActorPoolStrategy, DataContext
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask
from ray.exceptions import RayError

from monitor import __version__
from monitor.archive.inputs import Input
from monitor.archive.question import Columns
from monitor.archive.stream import Done, EngineError, label, read
from monitor.inference import Classifier, Model
from monitor.inference.chatter import without_chatter

_ITEM: Final = "item"
"""The one column of Ray's tables: what goes through, pickled."""
_ANSWER_S: Final = 10.0
_OBJECT_STORE_BYTES: Final = 2**28
"""Of a cluster of our own: chunks under way are a few MB, and boards have little memory."""


class Cluster:
    """An existing cluster, or one of our own on this machine while the run lasts."""

    def __init__(
        self, model: Model, workers: int, runtime: str, question: Columns, address: str | None
    ) -> None:
        """Connect, or start one.

        Args:
            model: sent to the workers as it was verified here.
            workers: actors, a CPU each; 0 for one for each CPU of the cluster.
            runtime: as ``[model] runtime``.
            question: what is asked.
            address: as for ``ray.init``; None for one of our own.

        Raises:
            EngineError: if it cannot be reached or started.
        """
        self._arguments = (model, runtime, question, __version__)
        self._question = question
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        with ExitStack() as exits:
            exits.enter_context(redirect_stdout(_Notices()))
            try:
                _connect(address, workers, exits)
            except (RayError, ConnectionError, RuntimeError, OSError, ValueError) as error:
                raise EngineError(f"ray: {_first_line(error)}") from error
            self._exits = exits.pop_all()
        resources = ray.cluster_resources()  # type: ignore[no-untyped-call]
        self._workers = workers or max(1, int(resources.get("CPU", 1)))

    def label(self, inputs: Sequence[Input]) -> Iterator[Done]:
        """Give every file's pieces and its end, file by file and in order.

        Raises:
            EngineError: if the cluster fails, or a worker cannot start.
        """
        context = DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        context.execution_options.preserve_order = True
        # A block a chunk, rather than hundreds of thousands of tweets.
        context.target_max_block_size = 1
        context.target_min_block_size = 1
        chunks = ray.data.read_datasource(
            _Inputs(inputs, self._question),
            override_num_blocks=1,
            num_cpus=0,
            label_selector={"ray.io/node-id": ray.get_runtime_context().get_node_id()},
        )
        pieces = chunks.map_batches(
            _Worker,
            batch_size=1,
            batch_format="pyarrow",
            fn_constructor_args=self._arguments,
            compute=ActorPoolStrategy(
                min_size=1, max_size=self._workers, initial_size=self._workers
            ),
            num_cpus=1,
        )
        try:
            for table in pieces.iter_batches(batch_size=None, batch_format="pyarrow"):
                for item in table[_ITEM]:
                    yield pickle.loads(item.as_buffer())  # noqa: S301  (our own)
        except RayError as error:
            raise EngineError(f"ray: {_first_line(error)}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exits.close()


def _connect(address: str | None, workers: int, exits: ExitStack) -> None:
    """Connect to a cluster or start one; what is to be done in the end is added to the exits."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    with without_chatter():
        if address is not None:
            _see_that_somebody_is_there(address)
            exits.callback(ray.shutdown)
            ray.init(address=address, **quiet)
            return
        # It listens on all networks: only who has this run's token may ask it.
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
        # Short: the paths of its sockets must fit into 107 characters.
        folder = tempfile.mkdtemp(prefix="monitor-ray-", dir="/tmp")
        exits.callback(shutil.rmtree, folder, ignore_errors=True)
        exits.callback(ray.shutdown)
        ray.init(
            address="local",
            num_cpus=workers or len(os.sched_getaffinity(0)),
            object_store_memory=_OBJECT_STORE_BYTES,
            include_dashboard=False,
            _temp_dir=folder,
            **quiet,
        )


def _see_that_somebody_is_there(address: str) -> None:
    """Ask before Ray does, which would wait for minutes.

    Raises:
        OSError: if nobody is.
    """
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        try:
            socket.create_connection((host.strip("[]"), int(port)), _ANSWER_S).close()
        except OSError as error:
            raise OSError(f"{address}: {error.strerror or error}") from error


class _Notices(io.TextIOBase):
    """Takes what Ray prints, and says of it that a worker died: it may be for want of memory."""

    def write(self, text: str) -> int:
        if "worker died" in text:
            click.echo("monitor: ray: a worker died; another takes its place", err=True)
        return len(text)


class _Inputs(Datasource):
    """Files as one stream of chunks."""

    def __init__(self, inputs: Sequence[Input], question: Columns) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._inputs = inputs
        self._question = question

    def get_name(self) -> str:
        return "Archive"

    def estimate_inmemory_data_size(self) -> int | None:
        return None

    def get_read_tasks(self, *_arguments: object, **_options: object) -> list[ReadTask]:
        """Return the one task that reads."""
        metadata = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        return [ReadTask(_reader(self._inputs, self._question), metadata)]


def _reader(inputs: Sequence[Input], question: Columns) -> Callable[[], Iterator[pa.Table]]:
    return lambda: (_table(item) for item in read(inputs, question))


class _Worker:
    """A worker: the daemon's classifier with one interpreter."""

    def __init__(self, model: Model, runtime: str, question: Columns, version: str) -> None:
        if version != __version__:
            raise EngineError(
                f"this machine has version {__version__} of the monitor, the command {version}"
            )
        refusing = not question.every_language
        self._classifier = Classifier(
            model, 1, runtime, question.entities, refuse_other_languages=refusing
        )
        self._classifier.check()
        self._question = question

    def __call__(self, table: pa.Table) -> pa.Table:
        (item,) = table[_ITEM]
        return _table(
            label(pickle.loads(item.as_buffer()), self._classifier, self._question)  # noqa: S301
        )


def _table(item: object) -> pa.Table:
    return pa.table({_ITEM: pa.array([pickle.dumps(item)], pa.large_binary())})


def _first_line(error: BaseException) -> str:
    """Return what people need of an error; Ray's hold the tracebacks of all machines."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "Error: " in line), lines[0] if lines else "")
