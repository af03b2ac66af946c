"""A model and an image in, a map of reasons out.

Knows :mod:`models`; knows neither Qt nor DICOM.
"""
