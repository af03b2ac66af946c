"""``python main.py phantom``: make a synthetic study."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Final

from models.synthesis.collapse import KINDS, Pneumothorax

from .study import FILM_PIXELS, SAMPLE_PNEUMOTHORAX, SAMPLE_SEED, write_sample_study

_REQUEST: Final = re.compile(rf"(right|left)-({'|'.join(KINDS)})(?::(\d+(?:\.\d+)?))?")


def parse_pneumothorax(text: str) -> Pneumothorax:
    """Read ``SIDE-KIND`` or ``SIDE-KIND:MILLILITRES``, e.g. ``right-apical:650``.

    Raises
    ------
    argparse.ArgumentTypeError
        If `text` is neither.
    """
    match = _REQUEST.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not SIDE-KIND or SIDE-KIND:ML, with side right or left and kind {', '.join(KINDS)}"
        )
    volume = float(match[3]) if match[3] else SAMPLE_PNEUMOTHORAX.volume_ml
    return Pneumothorax(match[1], match[2], volume)  # type: ignore[arg-type]  # the pattern allows no others


def phantom(words: list[str]) -> int:
    """Run the command with its arguments; return 0, 2 for a wrong request, 1 when writing failed."""
    parser = argparse.ArgumentParser(
        prog="ptx-viewer phantom",
        description="Make a synthetic study: an earlier film without and a later one with a pneumothorax.",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--seed", type=int, default=SAMPLE_SEED, help="the person; the same is always the same"
    )
    parser.add_argument("--pixels", type=int, default=FILM_PIXELS, help="edge of the film in pixels")
    parser.add_argument(
        "--pneumothorax",
        type=parse_pneumothorax,
        default=SAMPLE_PNEUMOTHORAX,
        metavar="SIDE-KIND[:ML]",
        help=f"side right or left, kind {', '.join(KINDS)}, millilitres of air",
    )
    chosen = parser.parse_args(words)
    try:
        written = write_sample_study(chosen.out, chosen.seed, chosen.pixels, chosen.pneumothorax)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"Could not write to {chosen.out}: {error.strerror or error}\n")
        return 1
    for path in written:
        sys.stdout.write(f"{path}\n")
    return 0
