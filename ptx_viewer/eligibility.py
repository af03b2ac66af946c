"""What the header alone rules out: only frontal chest radiographs are scored."""

from __future__ import annotations

from ptx_viewer.study.image import Image2D

#: Modalities that a chest radiograph comes in: computed, digital and scanned film, secondary
#: capture, and OT, as which pictures without a header are listed.
_RADIOGRAPHS = {"CR", "DX", "RG", "SC", "OT", ""}
_CHEST = ("CHEST", "THORAX", "LUNG", "RIB")
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
