"""In which forms a network is exported."""

from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

Variant: TypeAlias = Literal["int8", "full-int8", "fp16", "fp32"]
"""How weights are kept, and what is computed with.

"int8" (dynamic range) keeps weights in int8 and gives the activations a scale anew at each run.
"full-int8" (static) gives activations fixed scales, found on a representative dataset. "fp16"
halves the file: weights are widened when the model is loaded, and computed with in float32. "fp32"
keeps both as they were.
"""

VARIANTS: Final[tuple[Variant, ...]] = get_args(Variant)

Ids: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Token ids, padded with 0, and type ids, both [batch, length]."""
