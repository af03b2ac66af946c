"""Many changed films through the network, within bounds of memory and of patience."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explain.question import Question
from models.device import half_precision, is_out_of_memory

#: Films at a time, halved whenever memory runs out.
CPU_BATCH, GPU_BATCH = 2, 64


def rounds_for(film: Tensor, on_cpu: int, elsewhere: int) -> int:
    """Return how often a sampled map may be refined: on a CPU a look costs a tenth of a second."""
    return on_cpu if film.device.type == "cpu" else elsewhere


class Scorer:
    """Scores changed films of one question, batch by batch, without gradients.

    On a CPU a batch is two films: an eighth faster than one by one, more gain little and cannot be stopped in
    between.  There a batch of fixed size also keeps the last bit of every score the same from run to run.

    Parameters
    ----------
    question : Question
    message : str
        For the progress line.
    total : int
        Films expected in all; progress is counted against it.
    """

    def __init__(self, question: Question, message: str, total: int) -> None:
        self._question = question
        self._message = message
        self._total = total
        self.batch = CPU_BATCH if question.film.device.type == "cpu" else GPU_BATCH
        self.count = 0

    def __call__(self, number: int, make: Callable[[int, int], Tensor]) -> NDArray[np.float64]:
        """Return the target's logits of `number` films, float64 [number].

        Parameters
        ----------
        number : int
        make : callable
            ``make(start, stop)`` returns the films [stop - start, 1, S, S] on the question's device.

        Raises
        ------
        RuntimeError
            If the memory does not suffice for a single film.
        """
        scores = np.empty(number)
        start = 0
        while start < number:
            self._question.progress(min(0.99, self.count / self._total), self._message)
            stop = min(number, start + self.batch)
            try:
                scores[start:stop] = self._score(make(start, stop))
            except RuntimeError as error:
                if not is_out_of_memory(error) or self.batch == 1:
                    raise
                self.batch //= 2
                continue
            self.count += stop - start
            start = stop
        return scores

    @torch.inference_mode()
    def _score(self, batch: Tensor) -> NDArray[np.float64]:
        # A single-channel tensor is the same in both layouts; the network's own weights decide.
        with half_precision(batch.device):
            logits = self._question.score(batch)
        return logits.double().cpu().numpy()
