"""What is said about a map, on the screen and in the report alike: what it is and how far to trust it."""

from __future__ import annotations

from explain.attribution import Attribution, Faithfulness
from explain.methods import title

VERDICT = "Explains the score better than chance"
NO_EVIDENCE = "No evidence above the cut-off"


def method_title(method: str) -> str:
    """Return a method's name as the literature writes it; of an unknown one its own name."""
    try:
        return title(method)
    except ValueError:
        return method


def caption(attribution: Attribution, model_title: str) -> str:
    """Say what was asked and how it was answered: all that is needed to read the map.

    Parameters
    ----------
    attribution : Attribution
    model_title : str
        The model's name as its card writes it.
    """
    how = attribution.provenance
    parts = [f"{method_title(attribution.method)} of {model_title}: {attribution.target}"]
    if how.layer:
        parts.append(how.layer)
    if how.regions:
        parts.append(how.regions)
    if how.baseline:
        parts.append(f"baseline {how.baseline}")
    if how.samples is not None:
        parts.append(f"{how.samples} sample{'' if how.samples == 1 else 's'}")
    if how.seed is not None:
        parts.append(f"seed {how.seed}")
    if how.settled is False:
        parts.append("not settled")
    parts.append(f"{attribution.seconds:.1f} s")
    return ", ".join(parts)


def no_evidence(attribution: Attribution) -> str:
    """Say that a map must not be taken for a finding, and why; ``""`` where it may."""
    return f"{NO_EVIDENCE}: {attribution.below_cutoff}." if attribution.below_cutoff else ""


def verdict(faithfulness: Faithfulness) -> str:
    """Say in plain words whether the map explains the score."""
    answer = "no, do not rely on it" if faithfulness.verdict == "no" else faithfulness.verdict
    return f"{VERDICT}: {answer}"


def figures(faithfulness: Faithfulness) -> tuple[str, ...]:
    """Return the figures behind the verdict, each a line without a full stop."""
    lines = [_test(faithfulness, "deletion", "low"), _test(faithfulness, "insertion", "high")]
    repeated = faithfulness.repeatability
    if repeated is not None:
        lines.append(
            f"Over {repeated.seeds} seeds: rank correlation {repeated.rank_correlation:.2f}, "
            f"overlap of the strongest regions {repeated.jaccard:.2f}"
        )
    return tuple(lines)


def _test(faithfulness: Faithfulness, test: str, good: str) -> str:
    others = [
        f"{word} {value:.2f}"
        for word, key in (("random map", "random"), ("edge map", "edge"), ("the model's own mask", "mask"))
        if (value := getattr(faithfulness, f"{key}_{test}_auc")) is not None
    ]
    own = getattr(faithfulness, f"{test}_auc")
    return f"{test.capitalize()} AUC {own:.2f} ({', '.join(others)}; {good} is good)"
