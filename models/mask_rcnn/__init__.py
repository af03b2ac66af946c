"""Mask R-CNN in Detectron2's key layout: run by Detectron2 or by torchvision's operations."""
