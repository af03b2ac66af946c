"""Chest CT without a network: lungs, airways and pleural air by Hounsfield units and topology.

Knows numpy, scipy, OpenCV and scikit-image; neither torch nor DICOM.
"""

from .labels import SIDES, CtSegmentation, Label, NoLungsError, air_label, lung_label
from .segmentation import segment

__all__ = ["SIDES", "CtSegmentation", "Label", "NoLungsError", "air_label", "lung_label", "segment"]
