"""What holds for every method, whatever it computes."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from explain.coalitions import Coalitions
from explain.methods import METHODS, explain, title
from explain.scoring import CPU_BATCH
from explain.target import Target
from models.prediction import LungFields

Film = NDArray[np.float32]

PATCH = (slice(40, 64), slice(100, 124))


class CancelledError(Exception):
    pass


def chequered(film: Film, patch: tuple[slice, slice], cell: int) -> Film:
    """Plant what the detector looks for: cells that are one pixel of its own grid."""
    planted = film.copy()
    rows, columns = np.indices(planted[patch].shape) // cell
    planted[patch] = 0.5 + 0.45 * (1 - (rows + columns) % 2 * 2)
    return planted


@pytest.fixture(scope="module")
def film() -> Film:
    smooth = np.linspace(0.2, 0.8, 192, dtype=np.float32)
    film = np.ascontiguousarray(np.broadcast_to(smooth, (192, 192)))
    # Edges that mean nothing to the detector, and much to a network that was never trained.
    for stripes in ((slice(4, 90), slice(4, 80)), (slice(100, 188), slice(80, 188))):
        film[stripes] = (np.indices(film[stripes].shape)[0] // 6 % 2) * 0.9
    return chequered(film, PATCH, 2)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_map_bit_for_bit(texture_detector, film: Film, method: str) -> None:
    np.random.seed(1)  # noqa: NPY002  (what others draw must not matter)
    first = explain(texture_detector(), film, method, seed=3)
    np.random.seed(2)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    second = explain(texture_detector(), film, method, seed=3)
    assert first.heatmap.tobytes() == second.heatmap.tobytes()
    # ... nor do we matter to others.
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert first.heatmap.shape == film.shape
    assert first.heatmap.dtype == np.float32


@pytest.mark.parametrize("method", ["lime", "shap", "expected-gradients"])
def test_another_seed_draws_other_samples(texture_detector, film: Film, method: str) -> None:
    first, second = (explain(texture_detector(), film, method, seed=seed) for seed in (0, 1))
    assert first.heatmap.tobytes() != second.heatmap.tobytes()
    assert f"seed {1}" in second.caption


def test_rounds_of_shap_share_the_whole_film_alone(
    texture_detector, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only then does their likeness say that the map has settled."""
    asked: list[set[bytes]] = []
    seen: list[int] = []

    class Listening(Coalitions):
        def __call__(self, present: NDArray[np.generic], stand_in: int = 0) -> NDArray[np.float64]:
            if len(present) > 2:
                asked.append({row.tobytes() for row in present.astype(np.bool_)})
                seen.append(stand_in)
            return super().__call__(present, stand_in)

    monkeypatch.setattr("explain.shap_values.Coalitions", Listening)
    monkeypatch.setattr("explain.shap_values.has_settled", lambda _rounds: False)
    made = explain(texture_detector(), film, "shap")
    regions = int(made.regions.max()) + 1
    assert len(asked) == 4
    assert made.provenance.settled is False
    # Forwards and back in one order, which is another in every round.
    assert all(len(each) == 2 * regions for each in asked)
    ends = {np.ones(regions, np.bool_).tobytes(), np.zeros(regions, np.bool_).tobytes()}
    for first, second in ((0, 1), (0, 2), (1, 2)):
        shared = asked[first] & asked[second]
        assert ends <= shared
        # By chance, a single region that goes or comes first in both.
        assert len(shared - ends) <= 2
    # Each with a stand-in of its own: the same regions gone are another film then, the whole film is not.
    assert seen == [0, 1, 2, 3]
    assert made.provenance.samples == 4 * (2 * regions - 1) + 1


@pytest.mark.parametrize("method", METHODS)
def test_an_untrained_network_gives_an_unrelated_map(texture_detector, film: Film, method: str) -> None:
    """Model randomisation (Adebayo et al. 2018): the place of the patch comes from what was learned."""
    trained = explain(texture_detector(), film, method).heatmap
    likeness = []
    for seed in range(4):
        torch.manual_seed(seed)
        model = texture_detector()
        model.network[0].reset_parameters()
        other = explain(model, film, method).heatmap
        likeness.append(np.corrcoef(trained.ravel(), other.ravel())[0, 1] if other.std() > 0 else 0.0)
    assert abs(np.mean(likeness)) < 0.6
    assert min(np.abs(likeness)) < 0.5


# Grad-CAM weighs channels, not places: of two like things it cannot leave one out.
@pytest.mark.parametrize("method", METHODS[1:])
def test_a_target_is_what_is_explained(texture_detector, film: Film, method: str) -> None:
    """A region that sees one of two patches is explained by that one."""
    other = (slice(130, 154), slice(30, 54))
    both = chequered(film, other, 2)
    mask = np.zeros(film.shape, np.bool_)
    mask[other] = True
    made = explain(texture_detector(), both, method, target=Target.region(mask, "box"))
    assert made.target == "region (box)"
    assert made.heatmap[other].mean() > 3 * abs(made.heatmap[PATCH].mean())
    whole = explain(texture_detector(), both, method)
    assert whole.target == "image score"
    assert whole.heatmap[PATCH].mean() > 0.5 * whole.heatmap[other].mean()


@pytest.mark.parametrize("method", METHODS)
def test_progress_rises_before_every_look_of_the_network(texture_detector, film: Film, method: str) -> None:
    model = texture_detector()
    looks: list[str] = []
    score = model.score

    def counted(batch: torch.Tensor, region: torch.Tensor | None = None) -> torch.Tensor:
        looks.append("film")
        assert len(batch) <= CPU_BATCH
        return score(batch, region)

    def progress(fraction: float, message: str) -> None:
        looks.append("progress")
        fractions.append(fraction)
        assert title(method) in message

    model.score = counted
    fractions: list[float] = []
    explain(model, film, method, progress=progress)
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == 1
    assert looks[-1] == "progress"
    for before, now, after in zip(looks, looks[1:], looks[2:], strict=False):
        assert (before, now, after) != ("film", "film", "film")


@pytest.mark.parametrize("method", METHODS)
def test_cancelling_leaves_nothing_behind(texture_detector, film: Film, method: str, tmp_path) -> None:
    model = texture_detector()
    threads = set(threading.enumerate())
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    calls = []

    def progress(fraction: float, _message: str) -> None:
        calls.append(fraction)
        if len(calls) == 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        explain(model, film, method, progress=progress)
    assert len(calls) == 3
    assert set(threading.enumerate()) == threads
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    for module in model.network.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks


@pytest.mark.parametrize("method", METHODS)
def test_a_model_without_gradients_says_so_or_does_without(texture_detector, film: Film, method: str) -> None:
    model = texture_detector()
    model.has_gradients = False
    score = model.score

    def undifferentiable(batch: torch.Tensor, region: torch.Tensor | None = None) -> torch.Tensor:
        assert not torch.is_grad_enabled()
        return score(batch.detach(), region)

    model.score = undifferentiable
    if method in ("shap", "lime", "occlusion"):
        made = explain(model, film, method)
        assert made.heatmap[PATCH].mean() > 0.3
    else:
        with pytest.raises(ValueError, match=r"needs gradients, which texture-detector does not offer"):
            explain(model, film, method)


@pytest.mark.parametrize("method", ["shap", "lime", "occlusion"])
def test_a_batch_shrinks_when_memory_runs_out(
    texture_detector, film: Film, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch of a GPU, with room for five films only; the map is that of single films."""
    single = explain(texture_detector(), film, method)
    model = texture_detector()
    score, sizes = model.score, []

    def narrow(batch: torch.Tensor, region: torch.Tensor | None = None) -> torch.Tensor:
        sizes.append(len(batch))
        if len(batch) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return score(batch, region)

    model.score = narrow
    monkeypatch.setattr("explain.scoring.CPU_BATCH", 64)
    np.testing.assert_allclose(explain(model, film, method).heatmap, single.heatmap, atol=1e-3)
    assert max(size for size in sizes if size <= 5) == 4
    assert max(sizes) > 5


def test_memory_that_does_not_suffice_for_one_film_is_an_error(texture_detector, film: Film) -> None:
    model = texture_detector()

    def hungry(_batch: torch.Tensor, _region: torch.Tensor | None = None) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    model.score = hungry
    with pytest.raises(RuntimeError, match="out of memory"):
        explain(model, film, "shap")


@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_sees_nothing_has_a_pale_map_that_says_so(
    linear_network, film: Film, method: str
) -> None:
    weights = np.zeros((96, 96), np.float32)
    weights[20:32, 50:62] = 1e-5
    made = explain(linear_network(weights), film, method)
    assert made.provenance.negligible
    assert made.provenance.effect < 0.01
    assert 0 < np.abs(made.heatmap).max() <= 0.051
    assert "negligible effect" in made.caption
    blind = explain(linear_network(np.zeros((96, 96), np.float32)), film, method)
    assert not blind.heatmap.any()


def test_the_caption_states_how_the_map_was_made(texture_detector, film: Film) -> None:
    made = explain(texture_detector(), film, "lime", seed=5)
    how = made.provenance
    settled = "" if how.settled else ", not settled"
    assert made.caption == (
        f"lime of texture-detector: image score, {made.regions.max() + 1} regions, "
        f"baseline blurred film with its lungs' grain, {how.samples} samples, "
        f"seed 5{settled}, {made.seconds:.1f} s"
    )
    assert how.library == "lime 0.2.0.1"


def test_an_unknown_method_is_refused_by_name(texture_detector, film: Film) -> None:
    sentence = r"^unknown explanation 'guided-backprop'; there are: grad-cam, .*, occlusion$"
    with pytest.raises(ValueError, match=sentence):
        explain(texture_detector(), film, "guided-backprop")
    with pytest.raises(ValueError, match=sentence):
        title("guided-backprop")


def test_an_empty_target_is_refused() -> None:
    with pytest.raises(ValueError, match="the finding to explain holds no pixel of the film"):
        Target.finding(np.zeros((4, 4), np.bool_))
    with pytest.raises(ValueError, match="the region to explain holds no pixel of the film"):
        Target.region(np.zeros((4, 4), np.bool_))


def test_a_target_of_another_film_is_refused(texture_detector, film: Film) -> None:
    with pytest.raises(ValueError, match=r"the region to explain has shape \(4, 5\), the film \(192, 192\)"):
        explain(texture_detector(), film, "grad-cam", target=Target.region(np.ones((4, 5), np.bool_)))


def test_lungs_that_were_not_found_do_no_harm(texture_detector, film: Film) -> None:
    none = np.zeros(film.shape, np.bool_)
    made = explain(texture_detector(), film, "shap", lungs=LungFields(none, none, card_id=""))
    assert made.heatmap[PATCH].mean() > 0.3
    assert "following" not in made.caption


def test_targets_are_told_apart_by_what_they_ask() -> None:
    mask = np.eye(5, dtype=np.bool_)
    assert Target.finding(mask, "right").key == Target.region(mask).key == Target.region(mask).key
    keys = {Target.image_score().key, Target.region(mask).key, Target.region(~mask).key,
            Target.region(np.eye(6, dtype=np.bool_)).key}  # fmt: skip
    assert len(keys) == 4
    assert Target.finding(mask, "right").description == "finding (right)"


def test_a_target_smaller_than_a_pixel_of_the_grid_still_is_one(texture_detector, film: Film) -> None:
    model = texture_detector()
    large = np.kron(film, np.ones((8, 8), np.float32))
    mask = np.zeros(large.shape, np.bool_)
    mask[404, 804] = True
    grid, transform = model.prepare(large)
    inside = Target.region(mask).in_grid(transform, grid.device)
    assert inside.nonzero().tolist() == [[404 // 16, 804 // 16]]
