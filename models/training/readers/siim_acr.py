"""SIIM-ACR Pneumothorax 2019 as it is distributed: pictures and ``train-rle.csv`` or ``stage_2_train.csv``.

Stage 1 names its second column with a leading blank and writes one row per outlined region;
stage 2 has no blank.  In both, -1 means that nothing is outlined, and runs are relative, down the columns
of a 1024 by 1024 grid.  The films come as DICOM; ``python main.py prepare`` turns them into pictures first.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.training.films import Film
from models.training.readers.reading import LeftOut, Reading, pictures_below, read_table, write_mask
from models.training.readers.run_length import NOTHING, decode_relative

SOURCE = "siim-acr"
#: The grid in which all of the challenge's masks were drawn.
GRID = (1024, 1024)
NOT_LABELLED = "the annotation file says nothing about this film"
NO_PICTURE = "there is a label but no film"
DAMAGED_LABEL = "the annotation cannot be read"


def read_annotations(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the run-length texts of each film; an empty tuple where nothing is outlined.

    Raises
    ------
    ValueError
        If the file is not the challenge's annotation file, or contradicts itself.
    """
    rows: dict[str, list[str]] = {}
    for row in read_table(path, ("ImageId", "EncodedPixels")):
        rows.setdefault(row["ImageId"], []).append(row.get("EncodedPixels", ""))
    annotations = {}
    for name, texts in rows.items():
        drawn = tuple(text for text in texts if text != NOTHING)
        if drawn and len(drawn) < len(texts):
            raise ValueError(f"{path.name} says of {name} both that nothing and that something is outlined")
        annotations[name] = drawn
    return annotations


def union(texts: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return all outlined regions of one film together, bool [1024, 1024].

    Raises
    ------
    ValueError
        If a text cannot be decoded.
    """
    mask = np.zeros(GRID, np.bool_)
    for text in texts:
        mask |= decode_relative(text, GRID)
    return mask


def read_siim_acr(pictures: Path, annotations: Path, masks: Path, people: Path | None = None) -> Reading:
    """Read the challenge's films.

    Parameters
    ----------
    pictures : Path
        Folder of PNG or JPEG files named by the film's ImageId, at any depth.
    annotations : Path
        ``train-rle.csv`` or ``stage_2_train.csv``, also gzipped.
    masks : Path
        Folder for the masks, written as PNG files here.
    people : Path or None
        Table with the columns ``image_id``, ``patient``, ``view``, as made from the DICOM headers.

    Raises
    ------
    ValueError
        If the folder or a table cannot be read.
    """
    labels = read_annotations(annotations)
    known = {}
    if people is not None:
        known = {row["image_id"]: row for row in read_table(people, ("image_id", "patient", "view"))}
    films, left_out, seen = [], [], set()
    for path in pictures_below(pictures):
        name = path.stem
        if name not in labels:
            left_out.append(LeftOut(name, NOT_LABELLED))
            continue
        seen.add(name)
        mask = None
        if labels[name]:
            mask = masks / f"{name}.png"
            try:
                write_mask(mask, union(labels[name]))
            except ValueError as error:
                left_out.append(LeftOut(name, DAMAGED_LABEL, str(error)))
                continue
        row = known.get(name, {})
        patient = row.get("patient") or name
        films.append(
            Film(name, SOURCE, path, mask, bool(labels[name]), f"{SOURCE}-{patient}", row.get("view", ""))
        )
    left_out += [LeftOut(name, NO_PICTURE) for name in labels if name not in seen]
    return Reading(tuple(films), tuple(left_out))
