"""Training of Mask R-CNN by Detectron2's own trainer; importing this file needs Detectron2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

# First of all: it quiets what Detectron2 says while it is imported.
from models.mask_rcnn.detectron2_engine import Detectron2MaskRcnn, to_inputs
from models.training.mask_rcnn_task import MaskRcnnTask, targets

from detectron2.checkpoint import DetectionCheckpointer  # isort: skip
from detectron2.engine import SimpleTrainer, hooks  # isort: skip


def train_with_detectron2(
    network: Detectron2MaskRcnn,
    task: MaskRcnnTask,
    run: Path,
    steps: int,
    learning_rate: float = 3e-4,
    save_every: int = 100,
) -> Path:
    """Train `network` on the batches that the torchvision engine learns from; goes on where a run stopped.

    Parameters
    ----------
    network : Detectron2MaskRcnn
    task : MaskRcnnTask
        Films of which only a label is known are left out, see :func:`to_inputs`.
    run : Path
        Folder of the checkpoints.
    steps : int
    learning_rate : float
        Of AdamW.
    save_every : int
        Steps between checkpoints.

    Returns
    -------
    Path
        Detectron2's ``model_final.pth``, which either engine reads.
    """
    run.mkdir(parents=True, exist_ok=True)
    trained = [value for value in network.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=learning_rate)
    checkpointer = DetectionCheckpointer(network, str(run), optimizer=optimizer)
    last = checkpointer.resume_or_load("", resume=True)
    start = last.get("iteration", -1) + 1
    trainer = SimpleTrainer(network, _inputs(task, start), optimizer)
    trainer.register_hooks([hooks.PeriodicCheckpointer(checkpointer, save_every, max_iter=steps)])
    trainer.train(start, steps)
    network.eval()
    return run / "model_final.pth"


def _inputs(task: MaskRcnnTask, start: int) -> Iterator[list[dict[str, Any]]]:
    """Yield batches without end; a run that goes on sees others than it began with."""
    rng = np.random.default_rng((0, start))
    while True:
        batch = task.batch(rng)
        inputs = to_inputs(batch["x"], targets(batch))
        if inputs:
            yield inputs
