"""Pixels in, findings out.

Networks that look for a pneumothorax on a frontal chest film, the lung fields
that its size is measured against, and the check that a picture is a frontal
chest film at all.  This package knows torch; it knows neither Qt nor DICOM.

Importing the package itself is cheap: torch is imported by the modules that
need it (:mod:`models.zoo` and below), not by the plain data types.
"""
