"""Colours and outlines, computed once for the screen and the report alike.

Arrays in, arrays out: nothing here knows a window or a page.  Coordinates follow the
pixel-centre convention of :mod:`models.geometry`: pixel ``(r, c)`` covers
``[r - 0.5, r + 0.5] x [c - 0.5, c + 0.5]``.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

#: Names that :func:`colour_table` knows: two for unsigned maps, one zero-centred for signed maps.
SEQUENTIAL_COLOUR_MAPS = ("inferno", "viridis")
SIGNED_COLOUR_MAP = "blue-red"
COLOUR_MAPS = (*SEQUENTIAL_COLOUR_MAPS, SIGNED_COLOUR_MAP)

#: Colours (sRGB) of the outlines: distinguishable by the colour-blind, and on grey.
MODEL_COLOUR = (255, 159, 28)
SECOND_MODEL_COLOUR = (0, 200, 255)
THIRD_MODEL_COLOUR = (255, 125, 205)
READER_COLOUR = (255, 255, 255)
#: Of those that came in question the farthest from the networks' colours, white and grey, for normal
#: sight and each kind of colour blindness.
CONSENSUS_COLOUR = (246, 108, 82)
#: What the reader measures by hand.
ANNOTATION_COLOUR = (255, 230, 109)

_SOURCE_COLOURS = {
    "mask-rcnn": SECOND_MODEL_COLOUR,
    "unet": THIRD_MODEL_COLOUR,
    "consensus": CONSENSUS_COLOUR,
    "reader": READER_COLOUR,
}

#: Below this magnitude a map fades out, so that film without evidence stays film.
FULL_OPACITY_FROM = 0.5

# The signed map in CIE L*C*h: both arms rise in equal steps of lightness from one dark neutral grey,
# so that equal evidence for and against stands out equally, also to a reader who does not tell hues.
_NEUTRAL_LIGHTNESS, _END_LIGHTNESS = 22.0, 64.0
_BLUE_HUE, _BLUE_CHROMA = 264.0, 46.0
_RED_HUE, _RED_CHROMA = 38.0, 70.0


def source_colour(source: str) -> tuple[int, int, int]:
    """Return the outline colour of a source: a model's name in the zoo, ``"consensus"`` or ``"reader"``."""
    return _SOURCE_COLOURS.get(source, MODEL_COLOUR)


@lru_cache(maxsize=len(COLOUR_MAPS))
def colour_table(name: str) -> NDArray[np.uint8]:
    """Return a perceptually uniform colour map as a table.

    Parameters
    ----------
    name : str
        One of :data:`COLOUR_MAPS`.  ``"inferno"`` and ``"viridis"`` run from low to high;
        ``"blue-red"`` runs from -1 (blue, evidence against) over neutral grey to 1 (red,
        evidence for).

    Returns
    -------
    ndarray of uint8, shape [256, 3]
        sRGB, read-only.

    Raises
    ------
    ValueError
        If `name` is unknown.
    """
    if name == "inferno":
        table = _opencv_table(cv2.COLORMAP_INFERNO)
    elif name == "viridis":
        table = _opencv_table(cv2.COLORMAP_VIRIDIS)
    elif name == SIGNED_COLOUR_MAP:
        table = _blue_red_table()
    else:
        raise ValueError(f"unknown colour map {name!r}: use one of {', '.join(COLOUR_MAPS)}")
    table.setflags(write=False)
    return table


def heatmap_rgba(
    heatmap: NDArray[np.float32], signed: bool, colour_map: str, opacity: float
) -> NDArray[np.uint8]:
    """Colour a heatmap so that it can lie on the film.

    Parameters
    ----------
    heatmap : ndarray of float32, shape [H, W]
        0..1, or -1..1 when `signed`; values outside are clipped, NaN is transparent.
    signed : bool
    colour_map : str
        One of :data:`COLOUR_MAPS`.  A signed map is always coloured zero-centred, because
        a sequential table would hide where evidence turns into counter-evidence.
    opacity : float
        0..1, opacity where the map's magnitude is at least half of its scale; towards
        zero the map fades linearly to nothing.

    Returns
    -------
    ndarray of uint8, shape [H, W, 4]
        Red, green, blue and straight (not premultiplied) alpha.
    """
    table = np.empty((256, 4), dtype=np.uint8)
    table[:, :3] = colour_table(SIGNED_COLOUR_MAP if signed else colour_map)
    magnitude = np.abs(np.linspace(-1.0, 1.0, 256)) if signed else np.linspace(0.0, 1.0, 256)
    fade = np.minimum(magnitude / FULL_OPACITY_FROM, 1.0)
    table[:, 3] = np.rint(255 * np.clip(opacity, 0.0, 1.0) * fade)

    finite = np.nan_to_num(heatmap, nan=0.0, posinf=1.0, neginf=-1.0 if signed else 0.0)
    unit = (finite + 1.0) / 2.0 if signed else finite
    index = np.rint(np.clip(unit, 0.0, 1.0) * 255).astype(np.uint8)
    # One 32-bit word per colour makes the look-up a single gather.
    words = table.view(np.uint32).ravel()[index]
    return words.view(np.uint8).reshape(*index.shape, 4)


def outline(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Trace the borders of a mask exactly along the edges of its pixels.

    Parameters
    ----------
    mask : ndarray of bool, shape [H, W]

    Returns
    -------
    list of ndarray of float64, shape [N, 2]
        One closed polygon per border, ``(x, y)`` = (column, row), every coordinate a whole
        number plus one half; the last corner joins the first and is not repeated.  Outer
        borders run clockwise on the screen, borders of holes counter-clockwise, so the
        signed areas sum to the number of true pixels.  Pixels that touch only at a corner
        belong to different polygons.
    """
    inside = np.asarray(mask, dtype=np.bool_)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if rows.size == 0:
        return []
    top, left = int(rows[0]), int(columns[0])
    inside = np.pad(inside[top : rows[-1] + 1, left : columns[-1] + 1], 1)
    width = inside.shape[1]

    edges, following = _linked_edges(inside, width)
    polygons = []
    visited = np.zeros(edges.size, dtype=np.bool_)
    links = following.tolist()
    for start in range(edges.size):
        if visited[start]:
            continue
        loop = [start]
        step = links[start]
        while step != start:
            loop.append(step)
            step = links[step]
        visited[loop] = True
        corners = edges[loop]
        direction = corners % 4
        # Only turns are corners; the pixels along a straight border are not.
        vertex = corners[direction != np.roll(direction, 1)] // 4
        # Vertex (i, j) of the padded crop is the top left corner of its pixel (i, j).
        x = vertex % width + (left - 1.5)
        y = vertex // width + (top - 1.5)
        polygons.append(np.stack([x, y], axis=1).astype(np.float64))
    return polygons


def _linked_edges(inside: NDArray[np.bool_], width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return directed border edges with the mask at their right, and each edge's successor.

    An edge is ``4 * vertex + direction``; directions are 0 east, 1 south, 2 west, 3 north.
    """
    vertex = np.arange(inside.size, dtype=np.int64).reshape(inside.shape)
    core = inside[1:-1, 1:-1]
    here = vertex[1:-1, 1:-1]
    east = here[core & ~inside[:-2, 1:-1]]
    south = here[core & ~inside[1:-1, 2:]] + 1
    west = here[core & ~inside[2:, 1:-1]] + width + 1
    north = here[core & ~inside[1:-1, :-2]] + width
    edges = np.sort(np.concatenate([4 * east, 4 * south + 1, 4 * west + 2, 4 * north + 3]))

    direction = edges % 4
    end = edges // 4 + np.array([1, width, -1, -width])[direction]
    following = np.full(edges.size, -1, dtype=np.int64)
    # Turning right first keeps to the same pixel where two pixels touch only at a corner.
    for turn in (1, 0, -1):
        candidate = 4 * end + (direction + turn) % 4
        place = np.minimum(np.searchsorted(edges, candidate), edges.size - 1)
        found = (edges[place] == candidate) & (following < 0)
        following[found] = place[found]
    return edges, following


def _opencv_table(colour_map: int) -> NDArray[np.uint8]:
    ramp = np.arange(256, dtype=np.uint8).reshape(256, 1)
    return np.ascontiguousarray(cv2.applyColorMap(ramp, colour_map)[:, 0, ::-1])


def _blue_red_table() -> NDArray[np.uint8]:
    value = np.linspace(-1.0, 1.0, 256)
    magnitude = np.abs(value)
    hue = np.deg2rad(np.where(value < 0, _BLUE_HUE, _RED_HUE))
    chroma = magnitude * np.where(value < 0, _BLUE_CHROMA, _RED_CHROMA)
    lightness = _NEUTRAL_LIGHTNESS + magnitude * (_END_LIGHTNESS - _NEUTRAL_LIGHTNESS)
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1).astype(np.float32)
    rgb = cv2.cvtColor(lab[:, None, :], cv2.COLOR_Lab2RGB)[:, 0]
    return np.rint(np.clip(rgb, 0.0, 1.0) * 255).astype(np.uint8)
