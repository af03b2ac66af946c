"""The screen: the only room that may import PySide6 and pyqtgraph; it never imports torch."""
