"""Synthetic studies as DICOM: a digital thorax with a known pneumothorax, and its truth."""
