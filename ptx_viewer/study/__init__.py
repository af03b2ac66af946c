"""DICOM files in, calibrated images out.  Knows pydicom and numpy; no torch, no Qt."""
