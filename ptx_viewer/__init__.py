"""Review of chest films for pneumothorax: where, how large, and why the network thinks so."""

__version__ = "0.1.0"

DISCLAIMER = "For research and education, not a medical device."
