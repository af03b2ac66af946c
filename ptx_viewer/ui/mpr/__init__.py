"""Axial, coronal and sagittal planes of a CT volume with one cursor."""

from .mpr_view import MprView
from .planes import Plane

__all__ = ["MprView", "Plane"]
