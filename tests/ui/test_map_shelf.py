"""Which maps stay in memory."""

from __future__ import annotations

import numpy as np

from explain.attribution import Attribution, Provenance
from ptx_viewer.ui.map_entry import MapEntry, MapKey, MapState
from ptx_viewer.ui.map_shelf import MapShelf

HOW = Provenance(library="none", layer=None, baseline=None, seed=None, samples=None)


def key(method: str, image: str = "film") -> MapKey:
    return MapKey(image, "unet", method, "image")


def done(regions: bool = False) -> MapEntry:
    """A finished map of 400 bytes, or of 800 with its regions."""
    labels = np.zeros((10, 10), np.int32) if regions else None
    heatmap = np.zeros((10, 10), np.float32)
    made = Attribution("lime", "unet", "image score", heatmap, True, 1.0, HOW, regions=labels)
    return MapEntry(MapState.DONE, attribution=made)


def test_the_maps_that_were_not_used_for_longest_go_first() -> None:
    shelf = MapShelf(limit=1200)
    for method in ("a", "b", "c"):
        shelf.put(key(method), done())
    assert shelf.surplus(key("c")) == ()
    shelf.use(key("a"))
    shelf.put(key("d"), done(regions=True))
    # 2,000 bytes: two of 400 have to go, and "a" was used last of the three.
    assert shelf.surplus(key("d")) == (key("b"), key("c"))


def test_the_newest_map_stays_however_large_and_what_has_no_map_takes_no_room() -> None:
    shelf = MapShelf(limit=100)
    shelf.put(key("a"), MapEntry(MapState.RUNNING))
    shelf.put(key("b"), done())
    assert shelf.surplus(key("b")) == ()
    assert shelf.unfinished == (key("a"),)
    assert [each for each, _ in shelf.done("film")] == [key("b")]


def test_only_the_films_that_are_shown_keep_their_maps() -> None:
    shelf = MapShelf()
    shelf.put(key("a", "one"), done())
    shelf.put(key("a", "two"), MapEntry(MapState.FAILED, "no memory"))
    assert not shelf.release({"one", "two"})
    assert shelf.release({"two"})
    assert key("a", "one") not in shelf
    assert shelf.entry(key("a", "one")).state is MapState.NOT_COMPUTED
    assert shelf.entry(key("a", "two")).message == "no memory"
