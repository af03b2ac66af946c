"""Readers of the forms in which labelled films are handed out: each gives a :class:`Reading`."""
