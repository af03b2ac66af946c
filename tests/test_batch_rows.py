from __future__ import annotations

from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.rows import size_in_short


def test_the_table_says_the_size_in_short() -> None:
    def made(name: str, value: float | None, unit: str, category: str | None = None) -> Measurement:
        return Measurement(
            name, value, unit, "method", "right", "m", valid=value is not None, category=category
        )

    measurements = (
        made("pneumothorax area", 5365.4, "mm²"),
        made("share of hemithorax, projected area", 22.2, "%"),
        made("interpleural distance A, apex", 33.8, "mm"),
        made("Collins 1995", 32.6, "%"),
        made("size class, BTS 2010", 15.2, "mm", "small"),
        made("size class, ACCP 2001", None, "mm"),
    )
    assert size_in_short(measurements) == (
        "right 5,365 mm², 22 % of the hemithorax (projected area), small by BTS 2010"
    )
    assert size_in_short(()) == ""
