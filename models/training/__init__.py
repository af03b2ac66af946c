"""Fitting the networks: films, augmentation, optimisation, evaluation, export."""
