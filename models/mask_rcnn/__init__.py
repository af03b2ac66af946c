"""Mask R-CNN in Detectron2's key layout: run by Detectron2 where installed, else by torchvision's operations."""
