"""A user's own weights as they are named: ``NETWORK=FILE`` on the command line, checked before loading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from models.cards import available, main_models

#: How the command line names them, and what it takes.
FORM = "NETWORK=FILE"
HELP = (
    "a user's own weights in place of the shipped ones, repeatable: a .safetensors file, for mask-rcnn also "
    "Detectron2's .pth and .pkl, or a folder with a card and its weights as training leaves it"
)


def parse_weights(words: Sequence[str], models: Sequence[str] = ()) -> dict[str, Path]:
    """Return the file or folder of each network that gets other weights.

    Parameters
    ----------
    words : sequence of str
        Each of the form ``NETWORK=FILE``.
    models : sequence of str
        Names of the networks that are asked; empty for the main ones.

    Raises
    ------
    ValueError
        If a word is not of that form, a network is named twice, or as :func:`check_weights`.
    """
    weights: dict[str, Path] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not (name and equals and path):
            raise ValueError(f"'{word}' is not of the form {FORM}")
        if name in weights:
            raise ValueError(f"--weights names '{name}' twice")
        weights[name] = Path(path)
    check_weights(weights, models)
    return weights


def check_weights(weights: Mapping[str, Path], models: Sequence[str] = ()) -> None:
    """Check names and paths; whether a file fits its network is known when it is loaded.

    Raises
    ------
    ValueError
        If a network is unknown or not asked, or there is no such file or folder.
    """
    asked = tuple(models) or main_models()
    for name, path in weights.items():
        if name not in available():
            raise ValueError(f"unknown model '{name}'; there are: {', '.join(available())}")
        if name not in asked:
            raise ValueError(f"'{name}' was given weights but is not asked; asked are: {', '.join(asked)}")
        if not path.exists():
            raise ValueError(f"there is no weight file or folder '{path}'")
