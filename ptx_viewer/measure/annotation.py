"""What a reader measures by hand: ruler, angle, ellipse and rectangle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ptx_viewer.study.spacing import Spacing, SpacingBasis

from .measurement import Measurement
from .regions import Point, Region, RegionShape, region_statistics

#: What a value without a unit is called.
NO_UNIT = "modality value"
_ELLIPSE_STEPS = 72
READER = "reader"

_NO_VALUES = "a colour picture has no modality values"
_NOTHING_INSIDE = "the centre of no pixel lies inside"


class AnnotationKind(StrEnum):
    """With what the reader measured."""

    RULER = "ruler"
    ANGLE = "angle"
    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"

    @property
    def point_count(self) -> int:
        """Points that define one: ends, arm-vertex-arm, or two opposite corners."""
        return 3 if self is AnnotationKind.ANGLE else 2


@dataclass(frozen=True)
class Annotation:
    """One measurement that the reader drew.

    Attributes
    ----------
    annotation_id : str
        Unique within the image, e.g. ``"ruler-2"``.
    kind : AnnotationKind
    points : tuple of tuple of float
        ``(row, column)`` in the source grid, whole numbers are the centres of pixels: the ends of a
        ruler; an arm's end, the vertex and the other arm's end of an angle; two opposite corners
        of an ellipse or a rectangle.

    Raises
    ------
    ValueError
        If the number of points does not suit the kind, or one is not finite.
    """

    annotation_id: str
    kind: AnnotationKind
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        if len(self.points) != self.kind.point_count:
            raise ValueError(
                f"{self.kind.value} needs {self.kind.point_count} points, got {len(self.points)}"
            )
        if not all(math.isfinite(value) for point in self.points for value in point):
            raise ValueError(f"the points of {self.annotation_id} must be finite numbers")

    @property
    def title(self) -> str:
        """Name for people, e.g. ``"ruler 2"``."""
        return self.annotation_id.replace("-", " ")


@dataclass(frozen=True)
class Quantity:
    """One number of a reader's measurement.

    Attributes
    ----------
    name : str
        ``"length"``, ``"angle"``, ``"area"``, ``"mean"``, ``"SD"``, ``"min"`` or ``"max"``.
    value : float or None
        None when there is none; `why_not` then says why.
    unit : str
        ``"mm"``, ``"px"``, ``"°"``, ``"mm²"``, ``"px²"``, ``"HU"`` or :data:`NO_UNIT`.
    method : str
        How it was obtained, with the calibration basis of a length or an area.
    """

    name: str
    value: float | None
    unit: str
    method: str
    why_not: str | None = None

    @property
    def text(self) -> str:
        """Value and unit as people write them; a dash when there is none."""
        if self.value is None:
            return "–"
        # The least and the greatest value are those of single pixels, mostly whole numbers.
        whole = self.name in ("min", "max") and self.value.is_integer()
        number = f"{self.value:.{0 if whole else 1}f}".replace("-", "−")
        if self.unit == "°":
            return f"{number}°"
        return number if self.unit == NO_UNIT else f"{number}\u00a0{self.unit}"


def drawn_line(kind: AnnotationKind, points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Return the points through which an annotation is drawn; a closed shape ends where it begins."""
    if kind is AnnotationKind.RECTANGLE:
        (row, column), (opposite_row, opposite_column) = points
        return (
            (row, column),
            (row, opposite_column),
            (opposite_row, opposite_column),
            (opposite_row, column),
            (row, column),
        )
    if kind is AnnotationKind.ELLIPSE:
        (row, column), (opposite_row, opposite_column) = points
        middle = ((row + opposite_row) / 2, (column + opposite_column) / 2)
        down, across = (opposite_row - row) / 2, (opposite_column - column) / 2
        turns = [2 * math.pi * step / _ELLIPSE_STEPS for step in range(_ELLIPSE_STEPS + 1)]
        return tuple((middle[0] + down * math.sin(t), middle[1] + across * math.cos(t)) for t in turns)
    return points


def measure_annotation(
    annotation: Annotation, values: NDArray[np.generic] | None, unit: str, spacing: Spacing | None
) -> tuple[Quantity, ...]:
    """Measure what the reader drew.

    Parameters
    ----------
    annotation : Annotation
    values : ndarray, shape [H, W], or None
        Modality values of the image; None for a colour picture.
    unit : str
        Their unit, e.g. ``"HU"``; ``""`` where they have none.
    spacing : Spacing or None
        None for an uncalibrated image: lengths and areas are then in pixels.

    Returns
    -------
    tuple of Quantity
        A ruler's length; an angle's size, 0..180 degrees; area, mean, SD, minimum and maximum of
        an ellipse or a rectangle.
    """
    if annotation.kind is AnnotationKind.RULER:
        return (_length(annotation, spacing),)
    if annotation.kind is AnnotationKind.ANGLE:
        return (_angle(annotation, spacing),)
    return _region(annotation, values, unit, spacing)


def annotation_measurements(
    annotation: Annotation, values: NDArray[np.generic] | None, unit: str, spacing: Spacing | None
) -> tuple[Measurement, ...]:
    """Return the same numbers as measurements of the reader, e.g. ``"ellipse 1, mean"``."""
    return tuple(
        Measurement(
            name=f"{annotation.title}, {quantity.name}",
            value=quantity.value,
            unit=quantity.unit,
            method=quantity.method,
            side="unknown",
            model=READER,
            valid=quantity.value is not None,
            why_not=quantity.why_not,
        )
        for quantity in measure_annotation(annotation, values, unit, spacing)
    )


def _length(annotation: Annotation, spacing: Spacing | None) -> Quantity:
    (down, across) = _step(annotation.points[0], annotation.points[1], spacing)
    unit = "px" if spacing is None else "mm"
    return Quantity("length", math.hypot(down, across), unit, f"straight line; {_basis(spacing)}")


def _angle(annotation: Annotation, spacing: Spacing | None) -> Quantity:
    one, vertex, other = annotation.points
    (down_1, across_1), (down_2, across_2) = (_step(vertex, end, spacing) for end in (one, other))
    method = f"between two arms{_shape_of_pixels(spacing)}"
    if not math.hypot(down_1, across_1) or not math.hypot(down_2, across_2):
        return Quantity("angle", None, "°", method, "an arm has no length")
    # The arctangent of cross and scalar product is exact near 0 and 180 degrees, where arccos is not.
    cross = across_1 * down_2 - down_1 * across_2
    scalar = across_1 * across_2 + down_1 * down_2
    return Quantity("angle", math.degrees(math.atan2(abs(cross), scalar)), "°", method)


def _region(
    annotation: Annotation, values: NDArray[np.generic] | None, unit: str, spacing: Spacing | None
) -> tuple[Quantity, ...]:
    region = Region(RegionShape(annotation.kind.value), annotation.points[0], annotation.points[1])
    if spacing is None:
        area = Quantity("area", region.area, "px²", f"area of the shape; {_basis(spacing)}")
    else:
        size = region.area * spacing.pixel_area_mm2
        area = Quantity("area", size, "mm²", f"area of the shape; {_basis(spacing)}")
    found = region_statistics(values, region) if values is not None else None
    counted = f" ({found.pixels} pixels)" if found is not None else ""
    method = f"modality values of the pixels whose centres lie inside{counted}"
    why_not = None if found is not None else _NO_VALUES if values is None else _NOTHING_INSIDE
    numbers = (found.mean, found.sd, found.minimum, found.maximum) if found is not None else (None,) * 4
    return (
        area,
        *(
            Quantity(name, number, unit or NO_UNIT, method, why_not)
            for name, number in zip(("mean", "SD", "min", "max"), numbers, strict=True)
        ),
    )


def _step(start: Point, end: Point, spacing: Spacing | None) -> Point:
    """Return the way from one point to another in millimetres, or in pixels."""
    row_mm, column_mm = (1.0, 1.0) if spacing is None else (spacing.row_mm, spacing.column_mm)
    return (end[0] - start[0]) * row_mm, (end[1] - start[1]) * column_mm


def _shape_of_pixels(spacing: Spacing | None) -> str:
    """Say what an angle takes for granted; ``""`` where rows are known to be square to columns.

    A magnification changes no angle, but an unknown basis with a reason, as of tilted slices, may.
    """
    if spacing is None:
        return "; square pixels assumed"
    told = spacing.description if spacing.basis is SpacingBasis.UNKNOWN else ""
    return f"; {told}" if told else ""


def _basis(spacing: Spacing | None) -> str:
    if spacing is None:
        return "pixels: the image gives no pixel spacing, so the size in millimetres is not known"
    described = f" ({spacing.description})" if spacing.description else ""
    return f"calibration: {spacing.basis.value}{described}"
