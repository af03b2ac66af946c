"""COCO instance JSON, in and out, without the COCO API: polygons and both kinds of run lengths."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.training.films import Film, read_grey
from models.training.readers import polygon
from models.training.readers.reading import LeftOut, Reading, write_mask
from models.training.readers.run_length import compress, decode_counts, decompress, encode_counts

Encoding = Literal["polygon", "counts", "compressed"]
NO_PICTURE = "the annotation file lists a film that is not there"
DAMAGED_LABEL = "the annotation cannot be read"


def segmentation_mask(segmentation: Any, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask of one annotation's ``segmentation``, bool [H, W].

    Parameters
    ----------
    segmentation : list of polygons, or dict with ``counts`` (numbers or compressed text) and ``size``
    shape : tuple of int
        Rows and columns of the image.

    Raises
    ------
    ValueError
        If it is none of these, or does not fit the image.
    """
    if isinstance(segmentation, list):
        mask = np.zeros(shape, np.bool_)
        for points in segmentation:
            mask |= polygon.fill(points, shape)
        return mask
    if not isinstance(segmentation, dict) or "counts" not in segmentation:
        raise ValueError("a segmentation is neither polygons nor run lengths")
    counts = segmentation["counts"]
    if isinstance(counts, str):
        counts = decompress(counts)
    if tuple(segmentation.get("size", shape)) != shape:
        raise ValueError("the run lengths are of another size than the film")
    return decode_counts([int(count) for count in counts], shape)


def read_coco(
    document: Path, pictures: Path, masks: Path, category: str = "pneumothorax", source: str = "coco"
) -> Reading:
    """Read films with instance annotations; a film that is listed without any is negative.

    Parameters
    ----------
    document : Path
        The JSON file.  An image may state its ``patient`` and ``view`` beside COCO's own fields.
    pictures : Path
        Folder that the images' ``file_name`` starts from.
    masks : Path
        Folder for the masks, written as PNG files here.
    category : str
        Name of the category that outlines a pneumothorax; case does not matter.
    source : str
        Name of the collection.

    Raises
    ------
    ValueError
        If the file is no COCO document or has no such category.
    """
    content = _load(document)
    names = {entry["id"]: str(entry["name"]) for entry in content["categories"]}
    wanted = {number for number, name in names.items() if name.lower() == category.lower()}
    if not wanted:
        raise ValueError(
            f"{document.name} has no category '{category}'; there are: {', '.join(names.values())}"
        )
    drawn: dict[Any, list[Any]] = {}
    for annotation in content["annotations"]:
        if annotation["category_id"] in wanted:
            drawn.setdefault(annotation["image_id"], []).append(annotation.get("segmentation"))
    films, left_out = [], []
    root = pictures.resolve()
    for image in content["images"]:
        path = (pictures / image["file_name"]).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            left_out.append(LeftOut(str(image["file_name"]), NO_PICTURE))
            continue
        name = Path(image["file_name"]).with_suffix("").as_posix().replace("/", "_")
        mask = None
        if drawn.get(image["id"]):
            mask = masks / f"{name}.png"
            try:
                shape = (int(image["height"]), int(image["width"]))
                parts = [segmentation_mask(part, shape) for part in drawn[image["id"]]]
                write_mask(mask, np.logical_or.reduce(parts))
            except (KeyError, TypeError, ValueError) as error:
                left_out.append(LeftOut(name, DAMAGED_LABEL, str(error)))
                continue
        patient = image.get("patient", name)
        films.append(
            Film(
                name, source, pictures / image["file_name"], mask, mask is not None,
                f"{source}-{patient}", str(image.get("view", "")),
            )
        )  # fmt: skip
    return Reading(tuple(films), tuple(left_out))


def coco_document(films: Iterable[Film], root: Path, encoding: Encoding = "compressed") -> dict[str, Any]:
    """Return films as a COCO document: one annotation per connected outlined region.

    Parameters
    ----------
    films : iterable of Film
    root : Path
        Folder that ``file_name`` starts from.
    encoding : {"polygon", "counts", "compressed"}
        How regions are written; a region with holes is written as counts where polygons were asked for.

    Raises
    ------
    ValueError
        If a film or a mask is not a readable picture.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, film in enumerate(films, start=1):
        mask = None if film.mask is None else read_grey(film.mask) > 0
        # Masks may be drawn in a finer grid than the film's: the document states the mask's.
        rows, columns = (read_grey(film.image) if mask is None else mask).shape
        images.append(
            {
                "id": number,
                "file_name": Path(os.path.relpath(film.image, root)).as_posix(),
                "height": rows,
                "width": columns,
                "patient": film.patient,
                "view": film.view,
            }
        )
        if mask is None:
            continue
        labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
        for label in range(1, count + 1):
            region = labels == label
            where = ndimage.find_objects(region.astype(np.int32))[0]
            top, left = where[0].start, where[1].start
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "iscrowd": 0,
                    "area": int(region.sum()),
                    "bbox": [left, top, where[1].stop - left, where[0].stop - top],
                    "segmentation": _encode(region, encoding),
                }
            )
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "pneumothorax", "supercategory": "finding"}],
    }


def _encode(region: NDArray[np.bool_], encoding: Encoding) -> Any:
    if encoding == "polygon":
        polygons = polygon.outline(region)
        if polygons is not None:
            return polygons
    counts = encode_counts(region)
    return {"size": list(region.shape), "counts": compress(counts) if encoding == "compressed" else counts}


def _load(document: Path) -> dict[str, Any]:
    try:
        content = json.loads(document.read_text(encoding="utf-8"))
        images, annotations = content["images"], content["annotations"]
        complete = all({"id", "file_name"} <= image.keys() for image in images) and all(
            {"image_id", "category_id"} <= annotation.keys() for annotation in annotations
        )
        complete = complete and all({"id", "name"} <= entry.keys() for entry in content["categories"])
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{document.name} cannot be read as JSON: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{document.name} is not a COCO instance document") from error
    if not complete:
        raise ValueError(f"{document.name} is not a COCO instance document: a field is missing")
    return dict(content)
