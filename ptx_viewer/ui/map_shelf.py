"""The maps that the window holds in memory, and which of them go when they become too many."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from explain.attribution import Attribution

from .map_entry import MapEntry, MapKey, MapState

#: Most bytes of maps kept in memory; what had to go comes back from the cache on disk.
LIMIT_BYTES = 600_000_000

_NOTHING = MapEntry()


class MapShelf:
    """Every map that was asked for and how far it is, those used last at the end.

    Parameters
    ----------
    limit : int
        Most bytes of all maps together.
    """

    def __init__(self, limit: int = LIMIT_BYTES) -> None:
        self._limit = limit
        self._entries: OrderedDict[MapKey, MapEntry] = OrderedDict()

    def __contains__(self, key: MapKey) -> bool:
        return key in self._entries

    def entry(self, key: MapKey) -> MapEntry:
        """Return how far a map is; one that nobody asked for is not computed."""
        return self._entries.get(key, _NOTHING)

    def done(self, image: str) -> Iterator[tuple[MapKey, Attribution]]:
        """Yield every finished map of an image, in the order in which they were made."""
        for key, entry in self._entries.items():
            if key.image == image and entry.attribution is not None:
                yield key, entry.attribution

    @property
    def unfinished(self) -> tuple[MapKey, ...]:
        """The maps that are not there, whatever the reason."""
        return tuple(key for key, entry in self._entries.items() if entry.state is not MapState.DONE)

    def put(self, key: MapKey, entry: MapEntry) -> None:
        """Keep how far a map is."""
        self._entries[key] = entry

    def use(self, key: MapKey) -> None:
        """Let a map stay longer than those that were not used since."""
        self._entries.move_to_end(key)

    def release(self, keep: set[str]) -> bool:
        """Forget the maps of every image but those in `keep`; whether there were any."""
        gone = [key for key in self._entries if key.image not in keep]
        for key in gone:
            del self._entries[key]
        return bool(gone)

    def surplus(self, newest: MapKey) -> tuple[MapKey, ...]:
        """Return the oldest maps, as many as have to go for the others to fit; never `newest`."""
        sizes = {
            key: entry.attribution.heatmap.nbytes
            + (entry.attribution.regions.nbytes if entry.attribution.regions is not None else 0)
            for key, entry in self._entries.items()
            if entry.attribution is not None
        }
        excess = sum(sizes.values()) - self._limit
        going: list[MapKey] = []
        for key, size in sizes.items():
            if excess <= 0 or key == newest:
                break
            excess -= size
            going.append(key)
        return tuple(going)
