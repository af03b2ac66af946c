"""What the panel says in each state of an analysis: words only, no widgets."""

from __future__ import annotations

from dataclasses import dataclass

from models.prediction import Prediction

from .analyst import Analyst, EngineState
from .keys import Act
from .reading import AnalysisState, Reading


@dataclass(frozen=True)
class Face:
    """One state in words.

    Attributes
    ----------
    lines : tuple of str
        The first says how things stand; the others give the detail.
    problem : bool
        Whether something went wrong.
    action : Act or None
        What the reader can do about it.
    """

    lines: tuple[str, ...]
    problem: bool = False
    action: Act | None = None


def face_of(reading: Reading | None, analyst: Analyst) -> Face:
    """Return what to say about the analysis of the image in the active viewport."""
    if reading is None:
        return Face(("No image is shown.",))
    if reading.state is AnalysisState.RESTORING:
        return Face(("Looking for a saved review.",))
    if reading.state is AnalysisState.WAITING:
        loading = analyst.state is EngineState.LOADING
        return Face(("Loading models; then this image is analysed." if loading else "Waiting for its turn.",))
    if reading.state is AnalysisState.RUNNING:
        return Face(tuple(part for part in ("Analysing this image.", reading.message) if part))
    if reading.state is AnalysisState.FAILED:
        return Face(("The analysis failed.", reading.message), problem=True, action=Act.ANALYSE)
    if reading.state is AnalysisState.CANCELLED:
        return Face(("The analysis was cancelled.",), action=Act.ANALYSE)
    if reading.analysis is None:
        if reading.is_film:
            return Face(("This film has not been analysed.",), action=Act.ANALYSE)
        return Face(
            ("This image has not been analysed: the networks read frontal chest films.",), action=Act.ANALYSE
        )
    return _done(reading, analyst)


def answer(prediction: Prediction, title: str) -> str:
    """Return one model's answer in a sentence; an image is never called normal."""
    figures = f"(score {prediction.score:.2f}, threshold {prediction.threshold:.2f})"
    if not prediction.present:
        return f"No pneumothorax found by {title} {figures}"
    if not prediction.instances:
        return f"Pneumothorax suspected by {title} {figures}, but nowhere clearly enough to outline"
    return f"Pneumothorax suggested by {title} {figures}"


def _done(reading: Reading, analyst: Analyst) -> Face:
    analysis = reading.analysis
    assert analysis is not None
    if reading.refused is not None:
        return Face(("Not scored.", reading.refused), action=Act.SCORE_ANYWAY)
    if analysis.agreed is not None:
        lines = [answer(analysis.agreed, "the consensus")]
    else:
        lines = [answer(made, analyst.title_of(made.model)) for made in analysis.predictions]
    if analysis.consensus is not None:
        lines += [line for line in (*analysis.consensus.statements, analysis.consensus.why_none) if line]
    if not lines:
        lines = ["No model was run on this image."]
    if analysis.refused is not None:
        lines.append(f"Scored on the reader's demand, although: {analysis.refused}")
    if analyst.made_by_others(analysis.answered_by):
        ids = ", ".join(made.card_id for made in analysis.predictions)
        lines.append(f"These answers are not of the weights at work now but of {ids}.")
    lines += analysis.notices
    lines += [notice for prediction in analysis.predictions for notice in prediction.notices]
    return Face(tuple(dict.fromkeys(lines)))
