"""NIH ChestX-ray14 as it is distributed: PNG folders, ``Data_Entry_2017*.csv``, ``BBox_List_2017.csv``."""

from __future__ import annotations

from pathlib import Path

from models.training.films import Box, Film
from models.training.readers.reading import LeftOut, Reading, pictures_below, read_table

SOURCE = "nih"
FINDING = "Pneumothorax"
NOT_LABELLED = "the label file says nothing about this film"
NO_PICTURE = "there is a label but no film"


def read_boxes(path: Path, finding: str = FINDING) -> dict[str, tuple[Box, ...]]:
    """Return the rectangles of one finding by image name, in pixels of the distributed 1024 x 1024 PNG.

    The file's header spreads ``Bbox [x,y,w,h]`` over four columns.

    Raises
    ------
    ValueError
        If the file is not the list of boxes, or a number in it is none.
    """
    boxes: dict[str, tuple[Box, ...]] = {}
    for row in read_table(path, ("Image Index", "Finding Label", "Bbox [x", "y", "w", "h]")):
        if row["Finding Label"] != finding:
            continue
        try:
            box = Box(*(float(row[name]) for name in ("Bbox [x", "y", "w", "h]")))
        except ValueError as error:
            raise ValueError(f"{path.name}: the box of {row['Image Index']} is not four numbers") from error
        boxes[row["Image Index"]] = (*boxes.get(row["Image Index"], ()), box)
    return boxes


def read_nih(pictures: Path, labels: Path, boxes: Path | None = None) -> Reading:
    """Read the films with their image-level labels, which were mined from reports.

    Parameters
    ----------
    pictures : Path
        Folder that holds ``images_001`` .. ``images_012``, or the pictures themselves.
    labels : Path
        ``Data_Entry_2017.csv`` or ``Data_Entry_2017_v2020.csv``, also gzipped.
    boxes : Path or None
        ``BBox_List_2017.csv``.

    Raises
    ------
    ValueError
        If the folder or a table cannot be read.
    """
    rows = {
        row["Image Index"]: row for row in read_table(labels, ("Image Index", "Finding Labels", "Patient ID"))
    }
    drawn = read_boxes(boxes) if boxes is not None else {}
    films, left_out, seen = [], [], set()
    for path in pictures_below(pictures):
        # Some selections of the collection come recompressed as JPEG under the same stem.
        name = f"{path.stem}.png"
        row = rows.get(name)
        if row is None:
            left_out.append(LeftOut(path.name, NOT_LABELLED))
            continue
        seen.add(name)
        films.append(
            Film(
                path.stem,
                SOURCE,
                path,
                None,
                FINDING in row["Finding Labels"].split("|"),
                f"{SOURCE}-{row['Patient ID']}",
                row.get("View Position", ""),
                drawn.get(name, ()),
            )
        )
    left_out += [LeftOut(name, NO_PICTURE) for name in rows if name not in seen]
    return Reading(tuple(films), tuple(left_out))
