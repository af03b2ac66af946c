"""How good a pneumothorax network is: figures with intervals, curves, and what it gets wrong."""
