"""``python main.py phantom``: make a synthetic study."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from models.synthesis.anatomy import SIDES
from models.synthesis.collapse import KINDS, Pneumothorax
from models.synthesis.ct import KERNELS
from models.synthesis.devices import Device

from .study import FILM_PIXELS, SAMPLE_PNEUMOTHORAX, SAMPLE_SEED, Request, write_study

_KINDS: Final = (*KINDS, "bilateral", "none")
_DEVICES: Final[dict[str, Device]] = {
    "drain": "chest drain",
    "leads": "ECG leads",
    "line": "central venous catheter",
}


def requested_air(kind: str, side: str, volume_ml: float) -> tuple[Pneumothorax, ...]:
    """Return the pneumothoraces of a kind; a bilateral one is apical, half of the volume on each side."""
    if kind == "none":
        return ()
    if kind == "bilateral":
        return tuple(Pneumothorax(each, "apical", 0.5 * volume_ml) for each in SIDES)
    return (Pneumothorax(side, kind, volume_ml),)  # type: ignore[arg-type]  # argparse allows no others


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ptx-viewer phantom",
        description="Make a synthetic study with its truth: an earlier film without and a later one with a "
        "pneumothorax, and a CT of the same chest if wanted.",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=SAMPLE_SEED, help="the person, always the same")
    parser.add_argument("--kind", choices=_KINDS, default=SAMPLE_PNEUMOTHORAX.kind)
    parser.add_argument("--side", choices=SIDES, default=SAMPLE_PNEUMOTHORAX.side)
    parser.add_argument(
        "--volume-ml", type=float, default=SAMPLE_PNEUMOTHORAX.volume_ml, help="pleural air in mL"
    )
    parser.add_argument("--pixels", type=int, default=FILM_PIXELS, help="edge of the film in pixels")
    parser.add_argument("--ap", action="store_true", help="antero-posterior film")
    parser.add_argument("--supine", action="store_true", help="bedside film, lying, antero-posterior")
    parser.add_argument("--drain", action="store_true", help="chest drain on the side of the pneumothorax")
    parser.add_argument("--leads", action="store_true", help="ECG leads")
    parser.add_argument("--line", action="store_true", help="central venous catheter")
    parser.add_argument("--ct", action="store_true", help="add a CT series")
    parser.add_argument("--slice-mm", type=float, default=1.0, help="CT slices, 0.6 to 5 mm")
    parser.add_argument("--matrix", type=int, default=512, help="rows and columns of the CT")
    parser.add_argument("--tilt", type=float, default=0.0, metavar="DEGREES", help="gantry tilt of the CT")
    parser.add_argument("--kernel", choices=KERNELS, default="soft", help="reconstruction of the CT")
    return parser


def phantom(words: list[str]) -> int:
    """Run the command with its arguments; return 0, 2 for a wrong request, 1 when writing failed."""
    chosen = _parser().parse_args(words)
    try:
        request = Request(
            requested_air(chosen.kind, chosen.side, chosen.volume_ml),
            chosen.seed,
            chosen.pixels,
            chosen.ap,
            chosen.supine,
            tuple(device for word, device in _DEVICES.items() if getattr(chosen, word)),
            chosen.ct,
            chosen.slice_mm,
            chosen.tilt,
            chosen.matrix,
            chosen.kernel,
        )
        written = write_study(chosen.out, request)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"Could not write to {chosen.out}: {error.strerror or error}\n")
        return 1
    for path in written:
        sys.stdout.write(f"{path}\n")
    return 0
