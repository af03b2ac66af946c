"""Axial, coronal and sagittal planes of a CT volume with one cursor."""

from ptx_viewer.study.planes import Plane

from .mpr_view import LUNG_WINDOW, MprView
from .outlines import Outlined, Outlines

__all__ = ["LUNG_WINDOW", "MprView", "Outlined", "Outlines", "Plane"]
