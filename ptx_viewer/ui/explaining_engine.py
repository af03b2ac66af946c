"""What the window needs of the engine to make maps."""

from __future__ import annotations

from typing import Protocol

from explain.attribution import Attribution, Faithfulness
from explain.target import Target
from ptx_viewer.progress import Progress
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.study.image import Image2D


class ExplainingEngine(Protocol):
    """The part of :class:`ptx_viewer.engine.Engine` that makes maps; the calls block."""

    def explain(
        self,
        image: Image2D,
        model: str,
        method: str,
        target: Target,
        analysis: ImageAnalysis | None,
        progress: Progress,
    ) -> Attribution:
        """Make one map."""

    def check(
        self,
        image: Image2D,
        attribution: Attribution,
        target: Target,
        analysis: ImageAnalysis | None,
        progress: Progress,
    ) -> Faithfulness:
        """Measure how faithful a map is."""

    def repeat(
        self,
        image: Image2D,
        attribution: Attribution,
        target: Target,
        analysis: ImageAnalysis | None,
        progress: Progress,
    ) -> Faithfulness:
        """Add to what was measured how alike a map's repetitions are."""
