"""A plain folder: ``images/``, ``masks/`` under the same names, and perhaps ``labels.csv``.

Without ``labels.csv`` a film is positive where its mask holds anything, and a film without a mask
file is taken for negative.  ``labels.csv`` has the column ``file`` and any of ``pneumothorax`` (0 or 1),
``patient``, ``view`` and ``drain`` (0 or 1); a film that it calls positive and that has no mask teaches
the image score alone.
"""

from __future__ import annotations

from pathlib import Path

from models.training.films import Film, read_grey
from models.training.readers.reading import LeftOut, Reading, pictures_below, read_table

CONTRADICTION = "the label and the mask contradict each other"
NO_PICTURE = "there is a label or a mask but no film"
TWICE = "another film has the same name"
UNREADABLE_MASK = "the mask cannot be read"


def read_folder(root: Path, source: str = "folder") -> Reading:
    """Read a folder of films and masks.

    Parameters
    ----------
    root : Path
        Holds ``images/`` and, where there are any, ``masks/`` and ``labels.csv``.
    source : str
        Name of the collection.

    Raises
    ------
    ValueError
        If ``images/`` is missing or ``labels.csv`` cannot be used.
    """
    labels = _labels(root / "labels.csv")
    masks = {path.stem: path for path in sorted((root / "masks").glob("*.png"))}
    films: list[Film] = []
    left_out, seen = [], set()
    for path in pictures_below(root / "images"):
        name = path.stem
        if name in seen:
            left_out.append(LeftOut(path.name, TWICE))
            continue
        seen.add(name)
        row, mask = labels.get(name, {}), masks.get(name)
        stated = {"1": True, "0": False}.get(row.get("pneumothorax", ""))
        drawn = None
        if mask is not None:
            try:
                drawn = bool(read_grey(mask).any())
            except ValueError as error:
                left_out.append(LeftOut(name, UNREADABLE_MASK, str(error)))
                continue
        if stated is not None and drawn is not None and stated is not drawn:
            detail = f"the label says {int(stated)}, the mask is {'drawn' if drawn else 'empty'}"
            left_out.append(LeftOut(name, CONTRADICTION, detail))
            continue
        positive = bool(drawn if stated is None else stated)
        patient = row.get("patient") or name
        films.append(
            Film(
                name, source, path, mask if drawn else None, positive, f"{source}-{patient}",
                row.get("view", ""), drain={"1": True, "0": False}.get(row.get("drain", "")),
            )
        )  # fmt: skip
    orphans = sorted({*masks, *labels} - seen)
    left_out += [LeftOut(name, NO_PICTURE) for name in orphans]
    return Reading(tuple(films), tuple(left_out))


def _labels(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        return {}
    rows = {}
    for row in read_table(path, ("file",)):
        if row.get("pneumothorax", "") not in ("", "0", "1"):
            raise ValueError(
                f"{path.name}: pneumothorax of {row['file']} is {row['pneumothorax']!r}; it must be 0 or 1"
            )
        rows[Path(row["file"]).stem] = row
    return rows
