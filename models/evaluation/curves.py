"""Curves of one source's films, as points for CSV and as plots."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from models.evaluation.image_level import confusion, reliability

#: Okabe and Ito's palette: told apart by the colour-blind and on grey.
_ORANGE, _BLUE, _GREY = "#E69F00", "#0072B2", "#777777"


def threshold_points(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> list[dict[str, float]]:
    """Return sensitivity, specificity and precision at each cut, 0 to 1 by hundredths."""
    points = []
    for cut in np.linspace(0.0, 1.0, 101):
        called = score >= cut
        (tn, fp), (fn, tp) = confusion(positive, called)
        points.append(
            {
                "threshold": round(float(cut), 2),
                "sensitivity": tp / (tp + fn),
                "specificity": tn / (tn + fp),
                "precision": tp / (tp + fp) if tp + fp else float("nan"),
            }
        )
    return points


def write_curves(
    positive: NDArray[np.bool_], score: NDArray[np.float64], threshold: float, title: str, folder: Path
) -> list[Path]:
    """Write ROC, precision-recall, reliability, threshold curves and the confusion matrix.

    One PNG of all five, and the threshold curve as CSV.

    Parameters
    ----------
    positive : ndarray of bool, shape [N]
        With at least one film of each kind.
    score : ndarray of float64, shape [N]
    threshold : float
    title : str
        Also the files' stem.
    folder : Path
    """
    points = threshold_points(positive, score)
    table = folder / f"{title}-thresholds.csv"
    write_table(table, points)
    figure = Figure(figsize=(15, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Sequence[Axes] = figure.subplots(1, 5)
    false, true, _ = roc_curve(positive, score)
    axes[0].plot(false, true, color=_BLUE)
    axes[0].plot([0, 1], [0, 1], color=_GREY, lw=0.8, ls="--")
    axes[0].set(xlabel="1 − specificity", ylabel="sensitivity", title="ROC")
    precision, recall, _ = precision_recall_curve(positive, score)
    axes[1].step(recall, precision, where="post", color=_BLUE)
    axes[1].axhline(positive.mean(), color=_GREY, lw=0.8, ls="--")
    axes[1].set(xlabel="sensitivity", ylabel="precision", title="precision-recall")
    mean, share, count = reliability(positive, score)
    axes[2].plot([0, 1], [0, 1], color=_GREY, lw=0.8, ls="--")
    axes[2].plot(mean, share, color=_BLUE, lw=0.8)
    axes[2].scatter(mean, share, s=12 + 120 * count / count.max(), color=_BLUE)
    axes[2].set(xlabel="score", ylabel="share with pneumothorax", title="reliability")
    cuts = [point["threshold"] for point in points]
    axes[3].plot(cuts, [point["sensitivity"] for point in points], color=_ORANGE, label="sensitivity")
    axes[3].plot(cuts, [point["specificity"] for point in points], color=_BLUE, label="specificity")
    axes[3].axvline(threshold, color=_GREY, lw=0.8, ls="--")
    axes[3].set(xlabel="threshold", title="threshold")
    axes[3].legend(frameon=False, fontsize=8)
    _draw_confusion(axes[4], confusion(positive, score >= threshold))
    for each in axes[:4]:
        each.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    figure.suptitle(f"{title}: {len(positive)} films, {int(positive.sum())} with pneumothorax")
    picture = folder / f"{title}-curves.png"
    figure.savefig(picture, dpi=110)
    return [table, picture]


def _draw_confusion(axes: Axes, counts: NDArray[np.int64]) -> None:
    axes.imshow(counts / counts.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        dark = count > counts[row].sum() / 2
        axes.text(column, row, str(count), ha="center", va="center", color="white" if dark else "black")
    axes.set(
        xticks=[0, 1], yticks=[0, 1], xticklabels=["no", "yes"], yticklabels=["no", "yes"],
        xlabel="network", ylabel="label", title="confusion matrix",
    )  # fmt: skip


def write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows of one shape as CSV."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(path)
