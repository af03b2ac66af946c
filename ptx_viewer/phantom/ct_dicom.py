"""A synthetic CT volume as a series of CT Image Storage objects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.uid import CTImageStorage

from models.synthesis.anatomy import Anatomy
from models.synthesis.ct import CtVolume, Kernel

from .header import MODEL, StudyIdentity, derived_uid, identify, new_dataset


def ct_datasets(
    volume: CtVolume, anatomy: Anatomy, identity: StudyIdentity, kernel: Kernel, summary: str
) -> Iterator[FileDataset]:
    """Yield the series' objects, from the head to the feet, instance numbers from 1.

    Parameters
    ----------
    volume : CtVolume
    anatomy : Anatomy
    identity : StudyIdentity
    kernel : {"soft", "lung"}
    summary : str
        One sentence on what was synthesised, for DerivationDescription and ImageComments.
    """
    grid = volume.grid
    affine = grid.affine
    row_mm, column_mm = grid.spacing_mm[1:]
    # Along a row the column grows, down a column the row.
    directions = [*(affine[:3, 2] / column_mm), *(affine[:3, 1] / row_mm)]
    tilt = np.deg2rad(grid.tilt_degrees)
    frame_uid = derived_uid(MODEL, identity.study_key, "frame of reference")
    for number, index in enumerate(reversed(range(grid.shape[0])), 1):
        dataset = new_dataset(CTImageStorage, derived_uid(MODEL, identity.study_key, "ct", number))
        identify(dataset, anatomy, identity, f"chest CT {grid.spacing_mm[0]:g} mm, {kernel} kernel", 2)
        dataset.Modality = "CT"
        dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
        dataset.InstanceNumber = number
        dataset.AcquisitionNumber = 1
        dataset.BodyPartExamined = "CHEST"
        dataset.PatientPosition = "HFS"
        dataset.FrameOfReferenceUID = frame_uid
        dataset.PositionReferenceIndicator = ""
        corner = affine @ (index, 0, 0, 1)
        dataset.ImagePositionPatient = [f"{value:.6g}" for value in corner[:3]]
        dataset.ImageOrientationPatient = [f"{value:.8g}" for value in directions]
        dataset.PixelSpacing = [f"{row_mm:.8g}", f"{column_mm:.8g}"]
        # Thickness is along the slice's normal, as the gantry leans.
        dataset.SliceThickness = f"{grid.spacing_mm[0] * float(np.cos(tilt)):.6g}"
        dataset.SliceLocation = f"{corner[2]:.6g}"
        dataset.GantryDetectorTilt = f"{grid.tilt_degrees:g}"
        dataset.KVP = "120"
        dataset.ConvolutionKernel = kernel.upper()
        dataset.DerivationDescription = summary
        dataset.ImageComments = summary
        dataset.BurnedInAnnotation = "NO"
        dataset.SamplesPerPixel = 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.Rows, dataset.Columns = grid.shape[1:]
        dataset.BitsAllocated = 16
        dataset.BitsStored = 16
        dataset.HighBit = 15
        dataset.PixelRepresentation = 1
        dataset.RescaleIntercept = "0"
        dataset.RescaleSlope = "1"
        dataset.RescaleType = "HU"
        dataset.WindowCenter = ["-550", "40"]
        dataset.WindowWidth = ["1600", "400"]
        dataset.WindowCenterWidthExplanation = ["LUNG", "MEDIASTINUM"]
        dataset.LossyImageCompression = "00"
        dataset.PixelData = np.ascontiguousarray(volume.hounsfield[index], dtype="<i2").tobytes()
        yield dataset
