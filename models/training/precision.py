"""The precisions that a forward and backward pass may have."""

from typing import Literal

Precision = Literal["float32", "bfloat16", "float16"]
