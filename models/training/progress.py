"""How far a run is: a bar with the time left on a terminal, else a line in the log now and then."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_log = logging.getLogger("models.training.fit")
#: Steps between two lines of the log.
_EVERY = 20


class Reporter:
    """Says how a run goes on.

    Parameters
    ----------
    steps : int
        In all.
    first : int
        Where the run begins or goes on.
    bar : Progress or None
        On a terminal.
    """

    def __init__(self, steps: int, first: int, bar: Progress | None) -> None:
        self._steps, self._first, self._bar = steps, first, bar
        self._began = time.monotonic()
        self._task = bar.add_task("", total=steps, completed=first) if bar is not None else None

    def step(self, step: int, losses: Mapping[str, float]) -> None:
        """Tell that `step` steps are done, and how large the losses were."""
        text = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=step, description=text)
        elif step % _EVERY == 0:
            rate = (time.monotonic() - self._began) / (step - self._first)
            _log.info(
                "step %d/%d  %s  %.2f s/step, %.0f min left",
                step, self._steps, text, rate, rate * (self._steps - step) / 60,
            )  # fmt: skip

    def validated(self, step: int, figures: Mapping[str, float]) -> None:
        """Tell the figures of a validation."""
        text = "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
        if self._bar is not None:
            self._bar.console.print(f"step {step} validation: {text}", highlight=False)
        else:
            _log.info("step %d validation: %s", step, text)


@contextlib.contextmanager
def reporting(steps: int, first: int, aloud: bool = True) -> Iterator[Reporter]:
    """Report a run of `steps` steps that begins at step `first`, until the block ends.

    Parameters
    ----------
    steps, first : int
    aloud : bool
        Whether this process may draw a bar: of several that train together only one does.
    """
    if not aloud or not sys.stderr.isatty():
        yield Reporter(steps, first, None)
        return
    bar = Progress(
        TextColumn("{task.completed}/{task.total}"), BarColumn(), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(), TextColumn("{task.description}"),
        console=Console(stderr=True),
    )  # fmt: skip
    with bar:
        yield Reporter(steps, first, bar)
