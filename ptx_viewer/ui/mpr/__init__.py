"""Axial, coronal and sagittal planes of a CT volume with one cursor."""

from ptx_viewer.study.planes import Plane

from .mpr_view import MprView

__all__ = ["MprView", "Plane"]
