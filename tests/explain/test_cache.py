from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from explain.attribution import Attribution, Faithfulness, Repeatability
from explain.cache import AttributionCache
from explain.methods import explain
from explain.target import Target
from models.geometry import Turn
from models.prediction import LungFields

Film = NDArray[np.float32]


@pytest.fixture(scope="module")
def film() -> Film:
    # As large as the detector's grid: not smoothed there, so that it answers somewhere.
    return np.random.default_rng(0).random((96, 80), dtype=np.float32)


def refuse(*_arguments: object) -> None:
    raise AssertionError("the network was asked again")


def same(first: Attribution, second: Attribution) -> bool:
    arrays = ("heatmap", "regions")
    fields = [field.name for field in dataclasses.fields(Attribution) if field.name not in arrays]
    return (
        first.heatmap.tobytes() == second.heatmap.tobytes()
        and np.array_equal(first.regions, second.regions)
        and all(getattr(first, name) == getattr(second, name) for name in fields)
    )


@pytest.mark.parametrize("method", ["grad-cam", "lime"])
def test_a_map_comes_back_bit_for_bit_without_the_network(
    texture_detector, film: Film, tmp_path: Path, method: str
) -> None:
    cache = AttributionCache(tmp_path / "maps")
    first = explain(texture_detector(), film, method, cache=cache)
    model = texture_detector()
    model.score = refuse
    kept = explain(model, film, method, cache=AttributionCache(tmp_path / "maps"))
    assert first.heatmap.any()
    assert same(first, kept)
    assert kept.caption == first.caption


def test_a_map_survives_a_restart(texture_detector, film: Film, tmp_path: Path) -> None:
    """Another process computes the same key and reads the entry."""
    cache = AttributionCache(tmp_path)
    model = texture_detector()
    explain(model, film, "grad-cam", cache=cache)
    key = cache.key(model, film, "grad-cam", Target.image_score())
    script = (
        "import sys; from pathlib import Path; from explain.cache import AttributionCache as Cache\n"
        "print(Cache(Path(sys.argv[1])).get(sys.argv[2]).evidence.values.astype('float64').sum())"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", script, str(tmp_path), key]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert float(told.stdout) == pytest.approx(cache.get(key).evidence.values.astype(np.float64).sum())


def test_whatever_a_map_depends_on_is_part_of_its_key(texture_detector, film: Film) -> None:
    model = texture_detector()
    mask = np.ones(film.shape, np.bool_)
    lungs = LungFields(mask, ~mask, card_id="")
    changed = film.copy()
    changed[0, 0] += 1e-6
    retrained = texture_detector()
    retrained.network[0].bias += 1e-4
    renamed = texture_detector()
    renamed.name = "other"
    image = Target.image_score()
    keys = [
        AttributionCache.key(model, film, "lime", image),
        AttributionCache.key(retrained, film, "lime", image),
        AttributionCache.key(renamed, film, "lime", image),
        AttributionCache.key(model, changed, "lime", image),
        AttributionCache.key(model, film, "shap", image),
        AttributionCache.key(model, film, "lime", Target.region(mask)),
        AttributionCache.key(model, film, "lime", image, Turn(flip_rows=True)),
        AttributionCache.key(model, film, "lime", image, Turn(), lungs),
        AttributionCache.key(model, film, "lime", image, Turn(), LungFields(~mask, mask, card_id="")),
        AttributionCache.key(model, film, "lime", image, seed=1),
    ]
    assert len(set(keys)) == len(keys)
    assert AttributionCache.key(texture_detector(), film.copy(), "lime", image) == keys[0]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", None])
def test_a_damaged_entry_is_ignored_and_replaced(
    texture_detector, film: Film, tmp_path: Path, damage: bytes | None
) -> None:
    cache = AttributionCache(tmp_path)
    first = explain(texture_detector(), film, "lime", cache=cache)
    (entry,) = tmp_path.glob("*.npz")
    whole = entry.read_bytes()
    entry.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    again = explain(texture_detector(), film, "lime", cache=cache)
    assert again.heatmap.tobytes() == first.heatmap.tobytes()
    model = texture_detector()
    model.score = refuse
    assert explain(model, film, "lime", cache=cache).heatmap.tobytes() == first.heatmap.tobytes()


def test_an_entry_with_a_pickle_inside_is_not_opened(texture_detector, film: Film, tmp_path: Path) -> None:
    cache = AttributionCache(tmp_path)
    model = texture_detector()
    key = cache.key(model, film, "grad-cam", Target.image_score())
    objects = np.array([{"values": 1}], dtype=object)
    np.savez(tmp_path / f"{key}.npz", values=objects, about=objects)
    assert cache.get(key) is None


def test_what_was_measured_comes_back_with_the_map(texture_detector, film: Film, tmp_path: Path) -> None:
    cache = AttributionCache(tmp_path)
    model = texture_detector()
    key = cache.key(model, film, "grad-cam", Target.image_score())
    explain(model, film, "grad-cam", cache=cache)
    measured = Faithfulness(0.1, 0.9, 0.5, 0.5, "yes", repeatability=Repeatability(5, 0.9, 0.8))
    cache.put_faithfulness(key, measured)
    assert explain(model, film, "grad-cam", cache=cache).faithfulness == measured
    next(tmp_path.glob("*.json")).write_text("[]")
    assert explain(model, film, "grad-cam", cache=cache).faithfulness is None


def test_a_cancelled_run_keeps_nothing(texture_detector, film: Film, tmp_path: Path) -> None:
    def progress(fraction: float, _message: str) -> None:
        if fraction > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain(texture_detector(), film, "lime", progress=progress, cache=AttributionCache(tmp_path))
    assert not list(tmp_path.iterdir())


def test_the_oldest_entries_make_room(
    texture_detector, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = AttributionCache(tmp_path)
    explain(texture_detector(), film, "grad-cam", cache=cache)
    (old,) = tmp_path.iterdir()
    monkeypatch.setattr("explain.cache.LIMIT_BYTES", int(old.stat().st_size * 1.5))
    explain(texture_detector(), film + 1, "grad-cam", cache=cache)
    (left,) = tmp_path.iterdir()
    assert left != old


def test_a_folder_that_cannot_be_written_to_is_no_obstacle(
    texture_detector, film: Film, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    made = explain(texture_detector(), film, "occlusion", cache=AttributionCache(tmp_path / "file"))
    assert made.heatmap.any()
    assert (tmp_path / "file").read_text() == "in the way"
