"""Several networks side by side on the same films: quality, time, memory, size."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from models.evaluation.answers import ask
from models.evaluation.evaluation import Row, Scored, evaluate
from models.training.films import Film
from models.training.metrics import bootstrap, roc_auc


@dataclass(frozen=True, eq=False)
class Candidate:
    """One network's answers and costs.

    Attributes
    ----------
    name : str
        Name in the zoo, or the folder that holds its card and weights.
    title, architecture : str
        From its card.
    rows : list of Row
    scored : Scored
    parameters : int
    seconds : float
        Median of a prediction, weights loaded.
    megabytes : float or None
        Most memory that its process held; None where the system does not tell.
    """

    name: str
    title: str
    architecture: str
    rows: list[Row]
    scored: Scored
    parameters: int
    seconds: float
    megabytes: float | None


def measure(name: str, films: Sequence[Film], device: str = "auto") -> Candidate:
    """Run one network over the films in a process of its own, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (name, list(films), device))


def _measure(name: str, films: list[Film], device: str) -> Candidate:
    from models import zoo

    model = zoo.load_folder(Path(name), device) if Path(name).is_dir() else zoo.load(name, device)
    ask(model, films[:1])  # the first prediction of a process sets the libraries up
    answers = ask(model, films)
    return Candidate(
        name=name,
        title=model.card.title,
        architecture=model.card.architecture,
        rows=evaluate(answers),
        scored=Scored.of(answers),
        parameters=sum(p.numel() for p in model.network.parameters()),
        seconds=median(answer.prediction.seconds for answer in answers),
        megabytes=_peak_megabytes(),
    )


def _peak_megabytes() -> float | None:
    if sys.platform == "win32":
        return None
    import resource

    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


#: Columns of the table: heading, group, figure.
COLUMNS = (
    ("SIIM Dice of positives", "siim", "Dice of positives"),
    ("ungated", "siim", "Dice of positives, whatever the image score"),
    ("SIIM ROC-AUC", "siim", "image ROC-AUC"),
    ("NIH ROC-AUC", "nih", "image ROC-AUC"),
)


def table(candidates: Sequence[Candidate]) -> str:
    """Return the comparison as a Markdown table, one network a row."""
    heads = ["network", *(head for head, _, _ in COLUMNS), "M parameters", "s a film", "MB"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for each in candidates:
        cells = [f"{each.title} ({Path(each.name).name})"]
        for _, group, figure in COLUMNS:
            found = [row for row in each.rows if (row.group, row.figure) == (group, figure)]
            cells.append(f"{found[0].value:.2f} [{found[0].low:.2f}, {found[0].high:.2f}]" if found else "")
        memory = "" if each.megabytes is None else f"{each.megabytes:.0f}"
        cells += [f"{each.parameters / 1e6:.1f}", f"{each.seconds:.2f}", memory]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def differences(first: Candidate, second: Candidate) -> list[Row]:
    """Return second minus first on the same films, with paired bootstrap intervals."""
    rows = []
    for source in np.unique(first.scored.source):
        of_source = first.scored.source == source
        positive = first.scored.positive[of_source]
        one, two = first.scored.score[of_source], second.scored.score[of_source]

        def auc_gain(
            chosen: NDArray[np.int64],
            positive: NDArray[np.bool_] = positive,
            one: NDArray[np.float64] = one,
            two: NDArray[np.float64] = two,
        ) -> float:
            return roc_auc(positive[chosen], two[chosen]) - roc_auc(positive[chosen], one[chosen])

        rows.append(Row(str(source), "image ROC-AUC", *bootstrap(auc_gain, len(positive)), len(positive)))
        gains = np.array(
            [
                b.dice - a.dice
                for a, b, chosen in zip(
                    first.scored.ungated, second.scored.ungated,
                    of_source & first.scored.positive, strict=True,
                )
                if chosen and a is not None and b is not None
            ]
        )  # fmt: skip
        if gains.size:

            def dice_gain(chosen: NDArray[np.int64], gains: NDArray[np.float64] = gains) -> float:
                return float(gains[chosen].mean())

            name = "Dice of positives, whatever the image score"
            rows.append(Row(str(source), name, *bootstrap(dice_gain, gains.size), gains.size))
    return rows
