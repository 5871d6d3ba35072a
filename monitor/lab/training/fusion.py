"""What the exporter joins or moves in a network's graph, each of which can be left out."""

from typing import Final, Literal, TypeAlias, get_args

Fusion: TypeAlias = Literal["norm", "projections", "scale", "heads", "mean"]
"""See `GAINS`."""

Fusions: TypeAlias = frozenset[Fusion]

FUSIONS: Final[Fusions] = frozenset(get_args(Fusion))
"""All, which is what is shipped."""

GAINS: Final[dict[Fusion, str]] = {
    "norm": "NoNorm is in the linear layers that read from its stream and write to it",
    "projections": "projections of the same input are one: bottlenecks and value; query and key; "
    "the tasks' heads",
    "scale": "the attention's 1 / sqrt(head width) is in the query's weights, the first type in "
    "the positions",
    "heads": "heads lie beside the batch, by splits that XNNPACK takes, without reshape and "
    "transpose",
    "mean": "the last layer's way out is taken after the mean over the tokens, once a tweet",
}
"""What the graph has where a fusion is on."""

NO_FUSIONS: Final[Fusions] = frozenset()
"""None, which is what a direct conversion gives."""
