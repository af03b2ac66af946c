"""What the header alone rules out: only frontal chest radiographs are scored."""

from __future__ import annotations

from ptx_viewer.study.image import Image2D
from ptx_viewer.study.volume import Volume

#: Modalities that a chest radiograph comes in: computed, digital and scanned film, secondary
#: capture, and OT, as which pictures without a header are listed.
_RADIOGRAPHS = {"CR", "DX", "RG", "SC", "OT", ""}
_CHEST = ("CHEST", "THORAX", "LUNG", "RIB")
#: Body parts of CT protocols that reach from neck or abdomen into the chest.
_WITH_CHEST = ("NECK", "ABDOMEN", "WHOLEBODY", "WHOLE BODY", "TRUNK", "BODY", "HEART", "SHOULDER", "SPINE")
_LATERAL = {"LL", "RL", "LLD", "RLD", "LATERAL", "LLO", "RLO"}


def header_refusal(image: Image2D) -> str | None:
    """Return why an image is not scored, as far as its header tells, or None.

    Modality (0008,0060), Body Part Examined (0018,0015), View Position (0018,5101), Image
    Type (0008,0008), colour and number of frames count.  A silent header rules nothing out.
    """
    taken = image.acquisition
    if taken.modality == "CT":
        kind = "localiser" if "LOCALIZER" in taken.image_type else "slice"
        return f"this is a CT {kind}, not a chest film"
    if taken.modality not in _RADIOGRAPHS:
        return f"the modality is {taken.modality}, not a chest film"
    if image.colour is not None:
        return "this is a colour picture, not a chest film"
    if taken.number_of_frames > 1:
        return f"this is a sequence of {taken.number_of_frames} frames, not a single film"
    part = taken.body_part.strip().upper()
    if part and not any(word in part for word in _CHEST):
        return f"the file states another body part ({part.lower()})"
    if taken.view_position.strip().upper() in _LATERAL:
        return "the file states a lateral view"
    return None


def volume_refusal(volume: Volume) -> str | None:
    """Return why a CT series is not segmented, as far as its headers tell, or None."""
    taken = volume.acquisition
    if "LOCALIZER" in taken.image_type:
        return "this is a CT localiser, not a series of slices"
    part = taken.body_part.strip().upper()
    if part and not any(word in part for word in (*_CHEST, *_WITH_CHEST)):
        return f"the file states another body part ({part.lower()})"
    if not volume.is_axial:
        return "its slices do not lie across the body; only axial series are segmented"
    return None
