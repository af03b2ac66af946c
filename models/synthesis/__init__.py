"""A digital thorax: a seeded chest in Hounsfield units whose pneumothorax is known exactly.

Knows numpy and scipy only; neither torch nor DICOM.
"""
