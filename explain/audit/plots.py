"""The audit in pictures: figures only, never a film."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from explain.audit.rows import Check, Mean, place, select
from explain.methods import METHODS, title

#: Pixel AUPRC on SIIM-ACR in Arun et al. 2021: the range of eight saliency methods, and a U-Net's mask.
ARUN_SALIENCY, ARUN_MASK = (0.024, 0.224), 0.404
#: Distinct to the colour-blind and on grey (Okabe and Ito 2008).
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def plots(means: Sequence[Mean]) -> dict[str, bytes]:
    """Draw what was measured.

    Returns
    -------
    dict of str to bytes
        PNG files by name; checks that were not made have none.
    """
    made = {"localisation.png": _localisation(means), "faithfulness.png": _faithfulness(means)}
    if select(means, Check.MODEL_RANDOMISATION):
        made["randomisation.png"] = _randomisation(means)
    if select(means, Check.REPEATABILITY):
        made["repeatability.png"] = _dots(
            means,
            Check.REPEATABILITY,
            (("rank correlation", "Rank correlation"), ("Jaccard", "Overlap of the strongest regions")),
        )
    return made


def label(method: str) -> str:
    """Return a method's name for a picture or a table."""
    return title(method) if method in METHODS else method.capitalize()


def _localisation(means: Sequence[Mean]) -> bytes:
    figures = (("AUPRC", "AUPRC"), ("mIoU", "mIoU"), ("hit rate", "Hit rate"))

    def anchor(axes: Axes, figure: str) -> None:
        if figure == "AUPRC":
            axes.axvspan(*ARUN_SALIENCY, color="0.88", zorder=0)
            axes.axvline(ARUN_MASK, color="0.55", linestyle="--", linewidth=1, zorder=0)
            axes.set_title("grey: Arun 2021, saliency (band), U-Net mask (line)", fontsize=7, color="0.35")

    return _dots(means, Check.LOCALISATION, figures, anchor)


def _faithfulness(means: Sequence[Mean]) -> bytes:
    figures = (
        ("deletion AUC", "Deletion AUC (low is good)"),
        ("insertion AUC", "Insertion AUC (high is good)"),
        ("better than chance", "Share of films better than chance"),
    )
    return _dots(means, Check.FAITHFULNESS, figures)


def _dots(
    means: Sequence[Mean],
    check: Check,
    figures: Sequence[tuple[str, str]],
    decorate: Callable[[Axes, str], None] | None = None,
) -> bytes:
    """Draw one panel a figure, one row a method, one mark a model, with the intervals."""
    shown = select(means, check)
    models = list(dict.fromkeys(mean.model for mean in shown))
    methods = list(dict.fromkeys(mean.method for mean in shown))
    picture = Figure(figsize=(3.4 * len(figures) + 1.0, 0.34 * len(methods) + 1.2), layout="constrained")
    panels = picture.subplots(1, len(figures), sharey=True, squeeze=False)[0]
    for panel, (figure, name) in zip(panels, figures, strict=True):
        if decorate is not None:
            decorate(panel, figure)
        for number, model in enumerate(models):
            own = [mean for mean in shown if mean.figure == figure and mean.model == model]
            shift = 0.22 * (number - (len(models) - 1) / 2)
            heights = [methods.index(mean.method) + shift for mean in own]
            values = [mean.value for mean in own]
            errors = [
                [max(0.0, mean.value - mean.low) for mean in own],
                [max(0.0, mean.high - mean.value) for mean in own],
            ]
            panel.errorbar(
                values, heights, xerr=errors, fmt=MARKERS[number % len(MARKERS)], markersize=5,
                color=COLOURS[number % len(COLOURS)], elinewidth=1, label=model,
            )  # fmt: skip
        panel.set_xlim(-0.02, 1.02)
        panel.set_xlabel(name)
        panel.grid(axis="x", color="0.9")
        panel.set_axisbelow(True)
    panels[0].set_yticks(range(len(methods)), [label(method) for method in methods])
    panels[0].set_ylim(len(methods) - 0.5, -0.5)
    if len(models) > 1:
        panels[-1].legend(fontsize=8, loc="best")
    return _png(picture)


def _randomisation(means: Sequence[Mean]) -> bytes:
    """Draw, for each model, how unlike the maps become as layers are randomised."""
    shown = select(means, Check.MODEL_RANDOMISATION)
    models = list(dict.fromkeys(mean.model for mean in shown))
    figures = (("rank correlation", "Rank correlation (size)"), ("SSIM", "SSIM"))
    picture = Figure(figsize=(9.0, 3.2 * len(models)), layout="constrained")
    panels = picture.subplots(len(models), len(figures), sharey=True, squeeze=False)
    for row, model in zip(panels, models, strict=True):
        for panel, (figure, name) in zip(row, figures, strict=True):
            own = [mean for mean in shown if mean.model == model and mean.figure == figure]
            layers = dict(sorted({mean.step: mean.layer for mean in own}.items()))
            for number, method in enumerate(sorted({mean.method for mean in own}, key=place)):
                line = {mean.step: mean.value for mean in own if mean.method == method}
                panel.plot(
                    range(len(layers) + 1), [1.0, *(line[step] for step in layers)], label=label(method),
                    marker=MARKERS[number % len(MARKERS)], markersize=4, linewidth=1.2,
                    color=COLOURS[number % len(COLOURS)],
                )  # fmt: skip
            names = ["trained", *(f"{step}: {layer}" for step, layer in layers.items())]
            panel.set_xticks(range(len(names)), names, rotation=35, ha="right", fontsize=7)
            panel.set_ylim(-0.02, 1.04)
            panel.set_ylabel(name)
            panel.set_title(f"{model}: likeness to the trained network's map", fontsize=9)
            panel.grid(color="0.9")
        row[-1].legend(fontsize=7, loc="upper right")
    return _png(picture)


def _png(picture: Figure) -> bytes:
    # Agg by hand instead of pyplot: nothing global is touched, nothing stays open.
    stream = io.BytesIO()
    FigureCanvasAgg(picture).print_png(stream)  # type: ignore[no-untyped-call]
    return stream.getvalue()
