"""What is measured from the lines of one side: name, formula, source, and when it applies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import formulas, lines, validity
from .view import FilmView

#: How the names of the guidelines' classes begin.
SIZE_CLASS = "size class, "
BTS_2023 = "BTS 2023: size alone no longer decides what is done"


class DoesNotApply(ValueError):  # noqa: N818  (it is an answer, not an error)
    """The formula says nothing about these lengths; the message says why, without a full stop."""


@dataclass(frozen=True)
class Quantity:
    """One number that follows from the lengths of lines.

    Attributes
    ----------
    name : str
    unit : str
        ``"mm"`` for what is a length (``"px"`` then stands for it on an uncalibrated film), or ``"%"``.
    lines : tuple of str
        Names of the segments whose lengths it is made from.
    compute : callable
        From the lengths, in mm or pixels, to the value; raises :class:`DoesNotApply`.
    method : str
        Definition and source.
    problem : callable
        From a view to why the value does not apply, or None.
    needs_mm : bool
        Whether it has no meaning on an uncalibrated film.
    threshold_mm : float or None
        From which value on a guideline calls the pneumothorax large.
    """

    name: str
    unit: str
    lines: tuple[str, ...]
    compute: Callable[[Sequence[float]], float]
    method: str
    problem: Callable[[FilmView], str | None]
    needs_mm: bool = False
    threshold_mm: float | None = None

    @property
    def at_hilum(self) -> bool:
        """Whether it is measured at the estimated level of the hilum."""
        return bool({lines.HILUM, lines.LUNG_WIDTH} & set(self.lines))

    @property
    def depends_on_mm(self) -> bool:
        """Whether the calibration changes the value."""
        return self.unit == "mm" or self.needs_mm

    @property
    def assumes_erect(self) -> bool:
        """Whether it was defined on erect films."""
        return self.problem is not validity.view_problem

    def category(self, value: float, interval: tuple[float, float] | None) -> str | None:
        """Return the size class of a value, ``(borderline)`` when the interval reaches into the other one."""
        if self.threshold_mm is None:
            return None
        found = formulas.size_class(value, self.threshold_mm)
        ends = {formulas.size_class(end, self.threshold_mm) for end in interval or (value,)}
        return found if ends == {found} else f"{found} (borderline)"


def _length(lengths: Sequence[float]) -> float:
    return lengths[0]


def _at_hilum(lengths: Sequence[float]) -> float:
    if not lengths[0] > 0:
        raise DoesNotApply(
            "the lung touches the chest wall at the hilum: the class is not for a localised collapse"
        )
    return lengths[0]


def _at_apex(lengths: Sequence[float]) -> float:
    if not lengths[0] > 0:
        raise DoesNotApply("the lung reaches the cupola: the class is not for air elsewhere")
    return lengths[0]


def _centimetres(lengths: Sequence[float]) -> tuple[float, float, float]:
    a, b, c = (length / 10.0 for length in lengths)
    if a + b + c == 0:
        raise DoesNotApply(
            "none of the three lines crosses the air: it lies at the base, medially, or in a pocket"
        )
    return a, b, c


def _collins(lengths: Sequence[float]) -> float:
    return formulas.collins(*_centimetres(lengths))


def _rhea(lengths: Sequence[float]) -> float:
    average = sum(_centimetres(lengths)) / 3
    value = formulas.rhea(average)
    if value is None:
        raise DoesNotApply(
            f"the average interpleural distance of {average:.1f} cm lies beyond the table, which ends at "
            "5 cm (49 %)"
        )
    return value


def _light(lengths: Sequence[float]) -> float:
    lung, hemithorax = lengths
    _check_narrower(lung, hemithorax, "wide")
    return formulas.light_index(lung, hemithorax)


def _kircher_swartz(lengths: Sequence[float]) -> float:
    lung_length, lung_width, length, width = lengths
    _check_narrower(lung_length * lung_width, length * width, "large")
    return formulas.kircher_swartz(lung_length, lung_width, length, width)


def _check_narrower(lung: float, hemithorax: float, how: str) -> None:
    if lung >= hemithorax:
        raise DoesNotApply(
            f"on these lines the lung is as {how} as the hemithorax: the air lies elsewhere, or in a pocket"
        )


QUANTITIES = (
    Quantity(
        "interpleural distance A, apex",
        "mm",
        (lines.APEX,),
        _length,
        "greatest distance from the chest wall to the visceral pleural line in the upper eighth of the "
        "hemithorax",
        validity.view_problem,
    ),
    Quantity(
        "interpleural distance B, upper half",
        "mm",
        (lines.UPPER,),
        _length,
        "shortest distance from the visceral pleural line to the lateral chest wall, at the midpoint of the "
        "upper half of the lung",
        validity.view_problem,
    ),
    Quantity(
        "interpleural distance C, lower half",
        "mm",
        (lines.LOWER,),
        _length,
        "shortest distance from the visceral pleural line to the lateral chest wall, at the midpoint of the "
        "lower half of the lung",
        validity.view_problem,
    ),
    Quantity(
        "lateral distance at the hilum",
        "mm",
        (lines.HILUM,),
        _length,
        "horizontally from the chest wall to the visceral pleural line at the level of the hilum, estimated "
        "from the normal hilar height ratio (Homer 1978)",
        validity.view_problem,
    ),
    Quantity(
        "apex-to-cupola distance",
        "mm",
        (lines.CUPOLA,),
        _length,
        "vertically from the highest point of the lung to the level of the cupola",
        validity.view_problem,
    ),
    Quantity(
        "Collins 1995",
        "%",
        (lines.APEX, lines.UPPER, lines.LOWER),
        _collins,
        "4.2 + 4.7 (A + B + C), cm (AJR 165:1127; n = 20, r = .98 against CT, erect inspiratory PA films)",
        validity.collins_problem,
        needs_mm=True,
    ),
    Quantity(
        "Rhea 1982",
        "%",
        (lines.APEX, lines.UPPER, lines.LOWER),
        _rhea,
        "table by the average of A, B and C, interpolated (Radiology 144:733; erect expiratory films)",
        validity.rhea_problem,
        needs_mm=True,
    ),
    Quantity(
        "Light index",
        "%",
        (lines.LUNG_WIDTH, lines.HEMITHORAX_WIDTH),
        _light,
        "100 (1 - lung³ / hemithorax³), horizontal diameters at the level of the hilum; not with adhesions; "
        "7.3 % too small on average (limits -24 to +17 %)",
        validity.diameter_problem,
    ),
    Quantity(
        "Kircher–Swartz 1954",
        "%",
        (lines.LUNG_LENGTH, lines.LUNG_WIDTH, lines.HEMITHORAX_LENGTH, lines.HEMITHORAX_WIDTH),
        _kircher_swartz,
        "100 (1 - lung / hemithorax), projected areas as length × width; not a volume",
        validity.diameter_problem,
    ),
    Quantity(
        f"{SIZE_CLASS}BTS 2010",
        "mm",
        (lines.HILUM,),
        _at_hilum,
        f"large from 2 cm between lung and chest wall at the hilum (sources differ on exactly 2 cm); not for "
        f"a localised collapse. {BTS_2023}",
        validity.class_problem,
        needs_mm=True,
        threshold_mm=formulas.BTS_LARGE_MM,
    ),
    Quantity(
        f"{SIZE_CLASS}ACCP 2001",
        "mm",
        (lines.CUPOLA,),
        _at_apex,
        f"large from 3 cm between apex and cupola. {BTS_2023}",
        validity.class_problem,
        needs_mm=True,
        threshold_mm=formulas.ACCP_LARGE_MM,
    ),
)
BY_NAME = {quantity.name: quantity for quantity in QUANTITIES}
