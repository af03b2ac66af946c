"""The audit in words: one Markdown document with its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from explain.audit.localisation import THRESHOLD
from explain.audit.plots import ARUN_MASK, ARUN_SALIENCY, label
from explain.audit.rows import AS_SHOWN, GROUPS, NEGLIGIBLE, Check, Mean, select
from explain.methods import PRESENCE_CUTOFF
from explain.repeatability import SEEDS

#: A map whose likeness to the trained network's, with every layer random, may reach this shows the
#: film rather than the network.
TOO_ALIKE = 0.5

_LOCALISATION = f"""\
Against the reader's outline. AUPRC: area under the precision-recall curve of the pixels. mIoU: overlap of
the outline and the map from {THRESHOLD:g} of its own maximum upwards (own mask: from the card's pixel
threshold). Hit rate (pointing game): whether the map's maximum lies inside; where a region shares the
maximum, the share of the region that does. In signed maps only support counts. The anchor on SIIM-ACR is
Arun et al. 2021: AUPRC {ARUN_SALIENCY[0]}–{ARUN_SALIENCY[1]} for eight saliency methods, {ARUN_MASK} for
a U-Net's own mask. A map need not outline the finding to be right about the score; one that lies elsewhere
asks for an explanation."""

_FAITHFULNESS = """\
Deletion and insertion (RISE, Petsiuk et al. 2018) in the order of the map: pixels are taken away, the most
important first (low is good), or brought back (high is good). *Better than chance*: share of the films on
which the map is better in both tests than every random map and than the film's edges; *weakly or better*:
than every random map. This is the verdict that the viewer shows beside each map."""

_RANDOMISATION = f"""\
The layers are re-initialised one after another from the output to the input, all earlier ones staying
random (Adebayo et al. 2018). A map that stays as it was shows the film, not what the network learned. The
table gives the likeness to the trained network's map once **every** layer is random: the size of Spearman's
correlation, and the structural similarity (never near 0 for two maps that are empty over most of the film).
*Negligible*: share of the films on which the random network's map has no effect worth showing (under
{PRESENCE_CUTOFF} logit): the viewer then draws it all but empty and says so, and the order of its values,
which the correlation compares, is that of rounding errors. *As shown* takes the likeness of such a map to be
0. A method passes where the interval of that stays below {TOO_ALIKE}."""

_DATA_RANDOMISATION = """\
**Data randomisation**: likeness to the map of the same network trained on permuted labels, which has nothing
to go by (needs the folder of such a training, option `--permuted`)."""

_REPEATABILITY = f"""\
Methods that draw at random, with {SEEDS} seeds: Spearman's correlation of the maps and overlap (Jaccard) of
their five strongest regions, or of the strongest five per cent of the film; mean over all pairs. The other
methods give the same map every time."""

_LEFT_OUT = """\
**Guided backpropagation** is left out on purpose: it gives nearly the same map for a random network
(Adebayo et al. 2018), for it restores the image's edges whatever the network learned (Nie et al. 2018). A
map that cannot fail the randomisation test has no place beside a finding."""


@dataclass(frozen=True)
class Circumstances:
    """How the audit was made.

    Attributes
    ----------
    command : str
        What repeats it.
    date : str
    cards : sequence of str
        Identifiers of the models' cards.
    films, thorough : int
        Films in all; films on which randomisation and repeatability were measured.
    seed : int
    libraries : sequence of str
        Names with versions.
    refused : mapping of str to mapping of str to str
        Model, method, and why it could not be used.
    """

    command: str
    date: str
    cards: Sequence[str]
    films: int
    thorough: int
    seed: int
    libraries: Sequence[str]
    refused: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def document(means: Sequence[Mean], made: Circumstances, pictures: Sequence[str], folder: str) -> str:
    """Write the document.

    Parameters
    ----------
    means : sequence of Mean
    made : Circumstances
    pictures : sequence of str
        Names of the plots.
    folder : str
        Where they lie, relative to the document.
    """

    def picture(name: str, alternative: str) -> list[str]:
        return [f"![{alternative}]({folder}/{name})", ""] if name in pictures else []

    lines = [
        "# Do the explanations deserve trust?",
        "",
        f"Written by `{made.command}` on {made.date}; running it again replaces this page. Models: "
        f"{', '.join(made.cards)}. Films: {made.films} held-out ones with a pneumothorax that a reader "
        f"outlined; repeatability and randomisation on {made.thorough} of them. What is explained: the image "
        f"score. Seed {made.seed}; {', '.join(made.libraries)}. Square brackets: 95 % bootstrap intervals "
        f"over the films. All means: [summary.csv]({folder}/summary.csv).",
        "",
        "Few films: read the intervals, not the last digit.",
        "",
        "## Does the map lie where the finding lies?",
        "",
        _LOCALISATION,
        "",
        *picture("localisation.png", "AUPRC, mIoU and hit rate of every method with intervals"),
        *_groups(means, Check.LOCALISATION, ("AUPRC", "mIoU", "hit rate")),
        "## Does the map explain the score?",
        "",
        _FAITHFULNESS,
        "",
        *picture("faithfulness.png", "Deletion and insertion AUC of every method with intervals"),
        *_groups(
            means,
            Check.FAITHFULNESS,
            ("deletion AUC", "insertion AUC", "better than chance", "weakly or better"),
        ),
        "## Does the map depend on what the network learned?",
        "",
        _RANDOMISATION,
        "",
        *picture("randomisation.png", "Likeness of the maps as layers are randomised"),
        *_randomisation(means),
        _DATA_RANDOMISATION,
        "",
        *_table(select(means, Check.DATA_RANDOMISATION), ("rank correlation", "SSIM")),
        "## Does the map come back?",
        "",
        _REPEATABILITY,
        "",
        *picture("repeatability.png", "Repeatability of the sampled methods with intervals"),
        *_table(select(means, Check.REPEATABILITY), ("rank correlation", "Jaccard")),
        "## What is not here",
        "",
        _LEFT_OUT,
        "",
        *(
            f"{label(method)} of {model}: {reason}.\n"
            for model, methods in made.refused.items()
            for method, reason in methods.items()
        ),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _groups(means: Sequence[Mean], check: Check, figures: Sequence[str]) -> list[str]:
    """Return a table of all films and one of each group by drain, or say that nobody knows."""
    lines = _table(select(means, check), figures)
    apart = [name for name, _ in GROUPS[1:] if select(means, check, films=name)]
    for name in apart:
        lines += [f"Films {name}:", "", *_table(select(means, check, films=name), figures)]
    if not apart:
        lines += ["Films with and without a chest drain: these films' lists do not say which is which.", ""]
    return lines


def _table(means: Sequence[Mean], figures: Sequence[str]) -> list[str]:
    """Return a Markdown table, one row a model and method."""
    if not means:
        return ["Not measured.", ""]
    found = {(mean.model, mean.method, mean.figure): mean for mean in means}
    lines = [
        f"| model | method | {' | '.join(figures)} | films |",
        f"|---|---|{'---:|' * (len(figures) + 1)}",
    ]
    for model, method in dict.fromkeys((mean.model, mean.method) for mean in means):
        own = [found[model, method, figure] for figure in figures]
        cells = [_cell(mean) for mean in own]
        lines.append(f"| {model} | {label(method)} | {' | '.join(cells)} | {own[0].n} |")
    return [*lines, ""]


def _randomisation(means: Sequence[Mean]) -> list[str]:
    shown = select(means, Check.MODEL_RANDOMISATION)
    if not shown:
        return ["Not measured.", ""]
    last = {model: max(m.step for m in shown if m.model == model) for model in {m.model for m in shown}}
    found = {(m.model, m.method, m.figure): m for m in shown if m.step == last[m.model]}
    lines = [
        "| model | method | rank correlation | SSIM | negligible | as shown | passes | films |",
        "|---|---|---:|---:|---:|---:|---|---:|",
    ]
    for model, method in dict.fromkeys((m.model, m.method) for m in shown):
        ranks, likeness, nothing, shown_so = (
            found[model, method, figure] for figure in ("rank correlation", "SSIM", NEGLIGIBLE, AS_SHOWN)
        )
        lines.append(
            f"| {model} | {label(method)} | {_cell(ranks)} | {_cell(likeness)} | {nothing.value:.2f} "
            f"| {_cell(shown_so)} | {'yes' if shown_so.high < TOO_ALIKE else '**no**'} | {ranks.n} |"
        )
    return [*lines, ""]


def _cell(mean: Mean) -> str:
    return f"{mean.value:.2f} [{mean.low:.2f}, {mean.high:.2f}]"
