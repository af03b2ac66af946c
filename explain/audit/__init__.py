"""Sanity checks of the explanations on a set of films.

Model and data randomisation (Adebayo et al. 2018), repeatability over seeds, localisation against
reference masks and faithfulness, for every method and model.
"""
