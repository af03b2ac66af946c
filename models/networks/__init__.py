"""Network architectures: torch modules only, no weights, no files."""
