"""Which library runs a Mask R-CNN: Detectron2 where it can be imported, else torchvision's operations."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from models.mask_rcnn.config import MaskRcnnConfig
from models.mask_rcnn.network import MaskRcnn

if TYPE_CHECKING:
    from models.mask_rcnn.detectron2_engine import Detectron2MaskRcnn

ENGINES = ("detectron2", "torchvision")


def build_network(config: MaskRcnnConfig, engine: str | None = None) -> MaskRcnn | Detectron2MaskRcnn:
    """Return the network of `config` with random weights, on the CPU.

    Both engines have the same ``state_dict`` keys, the same :meth:`MaskRcnn.features` and
    :meth:`MaskRcnn.detect`, and name themselves in ``engine``.

    Parameters
    ----------
    config : MaskRcnnConfig
    engine : str or None
        One of :data:`ENGINES`; None takes Detectron2 where it can be imported.

    Raises
    ------
    ValueError
        If the engine is unknown or cannot be imported, or the backbone is unknown.
    """
    if engine is not None and engine not in ENGINES:
        raise ValueError(f"unknown engine '{engine}'; there are: {', '.join(ENGINES)}")
    if engine == "torchvision":
        return MaskRcnn(config)
    obstacle = detectron2_obstacle()
    if obstacle is None:
        from models.mask_rcnn import detectron2_engine

        return detectron2_engine.build(config)
    if engine == "detectron2":
        raise ValueError(obstacle)
    return MaskRcnn(config)


@functools.cache
def detectron2_obstacle() -> str | None:
    """Return in a sentence why Detectron2 cannot be used here; None if it can."""
    try:
        from models.mask_rcnn import detectron2_engine  # noqa: F401
    except ImportError as error:
        if error.name == "detectron2":
            return "Detectron2 is not installed"
        return f"Detectron2 is installed but cannot be imported: {error}"
    return None
