from __future__ import annotations

import numpy as np
import pytest

from explain.attribution import Attribution, Provenance
from explain.methods import explain
from explain.repeatability import measure_repeatability, repeatability

WINDOW = (slice(6, 14), slice(20, 28))


def as_map(heatmap: np.ndarray, regions: np.ndarray | None = None, seed: int | None = 0) -> Attribution:
    how = Provenance(library="by hand", layer=None, baseline=None, seed=seed, samples=10)
    return Attribution("lime", "bright-patch", "image score", heatmap, True, 0.0, how, regions=regions)


def test_the_figures_by_hand() -> None:
    """Six pixels in six regions; the strongest five are all but the lowest one, where it is above 0."""
    regions = np.arange(6, dtype=np.int32)[None]
    first = as_map(np.array([[1, 2, 3, 4, 5, 6]], np.float32), regions)
    second = as_map(np.array([[2, 1, 3, 4, 5, 6]], np.float32), regions)
    third = as_map(np.array([[1, 2, 3, 4, 6, 5]], np.float32), regions)
    result = repeatability([first, second, third])
    # No difference is below a twentieth of the peak.
    # One exchange of neighbours: 1 - 6 * 2 / (6 * 35); both exchanges: 1 - 6 * 4 / 210.
    one, two = 1 - 12 / 210, 1 - 24 / 210
    assert result.rank_correlation == pytest.approx((one + one + two) / 3)
    # First and third leave out pixel 0, the second pixel 1: 4 of 6 in common with either.
    assert result.jaccard == pytest.approx((4 / 6 + 1 + 4 / 6) / 3)
    assert result.seeds == 3


def test_the_same_map_again_repeats_perfectly() -> None:
    heatmap = np.random.default_rng(0).normal(size=(20, 20)).astype(np.float32)
    result = repeatability([as_map(heatmap)] * 4)
    assert (result.seeds, result.rank_correlation, result.jaccard) == (4, pytest.approx(1.0), 1.0)


def test_unrelated_maps_do_not_repeat() -> None:
    rng = np.random.default_rng(0)
    result = repeatability([as_map(rng.normal(size=(60, 60)).astype(np.float32)) for _ in range(4)])
    assert abs(result.rank_correlation) < 0.05
    assert result.jaccard < 0.1


def test_one_map_has_nothing_to_be_compared_with() -> None:
    with pytest.raises(ValueError, match="two seeds"):
        repeatability([as_map(np.ones((4, 4), np.float32))])


def test_a_method_without_chance_is_refused(bright_patch) -> None:
    film = np.random.default_rng(0).random((36, 36), dtype=np.float32)
    model = bright_patch(WINDOW)
    made = explain(model, film, "grad-cam")
    with pytest.raises(ValueError, match="Grad-CAM draws nothing at random"):
        measure_repeatability(model, film, made)


def test_a_sampled_method_is_repeated_with_other_seeds_and_can_be_cancelled(bright_patch) -> None:
    film = np.random.default_rng(0).uniform(0, 0.3, (36, 36)).astype(np.float32)
    film[WINDOW] += 0.7
    model = bright_patch(WINDOW)
    made = explain(model, film, "lime", seed=1)
    steps: list[float] = []
    result = measure_repeatability(
        model, film, made, seeds=2, progress=lambda fraction, _: steps.append(fraction)
    )
    assert result == repeatability([made, explain(model, film, "lime", seed=0)])
    # The score is linear in the film: what LIME finds does not hang on its seed.
    assert result.rank_correlation > 0.9
    assert result.jaccard > 0.6
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0.0, 1.0)

    def cancel(fraction: float, _message: str) -> None:
        if fraction > 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        measure_repeatability(model, film, made, seeds=2, progress=cancel)
