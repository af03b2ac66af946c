"""Masks and calibration in, named numbers out.  Knows numpy and scipy; no torch, no Qt."""
