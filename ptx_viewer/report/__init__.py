"""A review out: the PDF report, and the files that other programs read.  Knows no Qt."""
