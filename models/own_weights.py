"""The card of a user's own weights: what is known of them, without the figures of the shipped ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from models.cards import OWN_WEIGHTS, ModelCard, card_path, load_card
from models.mask_rcnn.config import MaskRcnnConfig
from models.weights import WeightsError, sha256_of

#: Edge in pixels to which Detectron2's own configuration of the stock network brings a picture.
STOCK_SIZE = 800
_UNKNOWN = (
    "A user's own weights in place of the shipped ones: what they learned from is not known here, and "
    "nothing was measured of them."
)
_BORROWED = "thresholds and calibration are those of the shipped weights, not chosen for this file"
_NEUTRAL = "0.5 for image and pixels, without calibration: chosen on no film"


def own_card(name: str, weights: Path) -> tuple[ModelCard, Path]:
    """Return the card that a user's own weights get, and the file that holds them.

    Parameters
    ----------
    name : str
        The network in whose place they work, as the zoo calls it.
    weights : Path
        A weight file, which gets the shipped card without its figures; or a folder that holds one card with
        its weights, as training leaves it, whose card is kept.

    Returns
    -------
    card : ModelCard
        Its title says that the weights are not the shipped ones, its id names the file and the beginning of
        its SHA-256, so that no answer of theirs is taken for one of the shipped weights.
    file : Path

    Raises
    ------
    ValueError
        If there is no such file or folder, it cannot be read, or the folder's card is of another network.
    """
    if weights.is_dir():
        card, file = read_folder(weights)
        if card.name != name:
            raise ValueError(f"the folder {weights.name} holds weights of '{card.name}', not of '{name}'")
    else:
        card, file = _bare_card(name), weights
        card = dataclasses.replace(card, sha256=_digest(file))
    marked = dataclasses.replace(
        card,
        card_id=f"{card.card_id}, own weights {file.name} ({card.sha256[:12]})",
        title=f"{card.title}{OWN_WEIGHTS}",
        weights_file=file.name,
    )
    return marked, file


def read_folder(folder: Path) -> tuple[ModelCard, Path]:
    """Return the card of a folder that holds one card and its weights, and the weight file.

    Raises
    ------
    ValueError
        If the folder holds no card with weights or several, or the card cannot be used.
    """
    found = [path for path in sorted(folder.glob("*.yaml")) if path.with_suffix(".safetensors").is_file()]
    if len(found) != 1:
        raise ValueError(f"'{folder}' must hold one card (.yaml) with its weights, it holds {len(found)}")
    return load_card(found[0]), found[0].with_suffix(".safetensors")


def stock_layout_card(card: ModelCard, config: MaskRcnnConfig) -> ModelCard:
    """Return the card of own weights that turned out to be of Detectron2's stock network.

    The shipped network's grid, thresholds and calibration say nothing about it.

    Parameters
    ----------
    card : ModelCard
        See :func:`own_card`.
    config : MaskRcnnConfig
        Of the stock network.
    """
    return dataclasses.replace(
        card,
        architecture=(
            f"Mask R-CNN (He et al. 2017), ResNet-50 with a feature pyramid of {config.fpn_channels} "
            f"channels, Detectron2's mask_rcnn_R_50_FPN_3x with one class, {STOCK_SIZE} x {STOCK_SIZE}"
        ),
        size=STOCK_SIZE,
        preprocessing=(
            "percentiles 0.5 and 99.5 to black and white, padded to a square, resized; three equal channels "
            "of 0 to 255; the film and its mirror image are averaged"
        ),
        threshold=0.5,
        mask_threshold=0.5,
        threshold_rule=_NEUTRAL,
        limitations=(_UNKNOWN, f"The thresholds are {_NEUTRAL}."),
        options={
            "mask_rcnn": config.to_options(),
            "calibration_slope": 1.0,
            "calibration_offset": 0.0,
        },
    )


def _bare_card(name: str) -> ModelCard:
    shipped = load_card(card_path(name))
    return dataclasses.replace(
        shipped,
        card_id=name,
        sources=(),
        split="not known",
        threshold_rule=_BORROWED,
        figures=(),
        limitations=(_UNKNOWN, f"The {_BORROWED}."),
        licence="not known",
        command="",
        commit="",
    )


def _digest(file: Path) -> str:
    if not file.is_file():
        raise WeightsError(f"there is no weight file or folder '{file}'")
    try:
        return sha256_of(file)
    except OSError as error:
        raise WeightsError(f"the weight file {file.name} cannot be read") from error
