"""Colours and the style sheet: neutral dark greys, one accent, text of 13 px and more."""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from ptx_viewer.rendering import ANNOTATION_COLOUR, source_colour

BACKGROUND = "#1b1b1b"
PANEL = "#232323"
RAISED = "#2f2f2f"
HOVER = "#3a3a3a"
BORDER = "#444444"
TEXT = "#e8e8e8"
QUIET = "#b0b0b0"
DISABLED = "#7d7d7d"
#: Of what does not apply: quieter than the rest, but read.
FADED = "#9d9d9d"
ACCENT = "#8ab4f8"
ON_ACCENT = "#101010"
PROBLEM = "#f2a59a"
#: Lines and numbers of what the reader measures by hand.
OWN_MEASURE = QColor(*ANNOTATION_COLOUR).name()

TEXT_PX = 13


def colour_of(source: str) -> str:
    """Return the outline colour of a model's or the reader's finding, the same as in the report."""
    return QColor(*source_colour(source)).name()


STYLE_SHEET = f"""
* {{ font-size: {TEXT_PX}px; }}
QMainWindow, QDialog {{ background: {BACKGROUND}; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {BORDER}; padding: 4px; }}
QToolBar {{ background: {PANEL}; border: 0; border-bottom: 1px solid {BORDER}; spacing: 1px;
            padding: 2px 4px; }}
QToolBar::separator {{ background: {BORDER}; width: 1px; margin: 5px 4px; }}
QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 3px;
               color: {TEXT}; }}
QToolButton:hover {{ background: {HOVER}; }}
QToolButton:checked {{ background: {HOVER}; border-color: {ACCENT}; }}
QToolButton#qt_toolbar_ext_button {{ background: {RAISED}; padding: 0; }}
QToolButton:disabled {{ color: {DISABLED}; }}
#section-header {{ border-radius: 0; padding: 4px 6px; font-weight: bold; background: {RAISED}; }}
#section-header, #section-header:checked {{ border: 1px solid {RAISED}; }}
#section-header:hover {{ background: {HOVER}; }}
#section-header:focus {{ border-color: {ACCENT}; }}
QPushButton {{ background: {RAISED}; border: 1px solid {BORDER}; border-radius: 4px; padding: 4px 10px;
               color: {TEXT}; }}
QPushButton:hover {{ background: {HOVER}; }}
QPushButton:checked {{ border-color: {ACCENT}; background: {HOVER}; color: {ACCENT}; }}
QPushButton:disabled {{ color: {DISABLED}; background: {PANEL}; }}
QPushButton[role="method"] {{ text-align: left; padding: 3px 8px; }}
QPushButton[role="primary"] {{ background: {ACCENT}; color: {ON_ACCENT}; border-color: {ACCENT}; }}
QPushButton[role="primary"]:disabled {{ background: {RAISED}; color: {DISABLED}; border-color: {BORDER}; }}
QPushButton[role="link"] {{ background: transparent; border: 1px solid transparent; color: {ACCENT};
                            padding: 1px 3px; text-align: left; }}
QPushButton:focus, QToolButton:focus, QPushButton[role="link"]:focus {{ border: 1px solid {ACCENT}; }}
QLineEdit, QPlainTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {{
    background: {BACKGROUND}; color: {TEXT}; border: 1px solid {BORDER}; border-radius: 4px; padding: 2px 4px;
    selection-background-color: {ACCENT}; selection-color: {ON_ACCENT}; }}
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{
    width: 0; border: 0; }}
QAbstractSpinBox QLineEdit {{ border: 0; padding: 0 4px; background: transparent; }}
QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {{
    border-color: {ACCENT}; }}
QLineEdit:disabled, QPlainTextEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {{
    color: {DISABLED}; }}
QComboBox QAbstractItemView {{ background: {RAISED}; color: {TEXT}; border: 1px solid {BORDER};
    selection-background-color: {ACCENT}; selection-color: {ON_ACCENT}; }}
QTreeView {{ background: {PANEL}; border: 0; outline: 0; color: {TEXT}; }}
QTreeView:focus {{ border: 1px solid {ACCENT}; }}
QScrollArea, QScrollArea > QWidget > QWidget {{ background: {PANEL}; border: 0; }}
QScrollBar:vertical {{ background: {PANEL}; width: 10px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {BORDER}; border-radius: 4px; min-height: 24px; }}
QScrollBar:horizontal {{ background: {PANEL}; height: 10px; margin: 0; }}
QScrollBar::handle:horizontal {{ background: {BORDER}; border-radius: 4px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QSplitter::handle {{ background: {BORDER}; }}
QStatusBar {{ background: {PANEL}; color: {QUIET}; border-top: 1px solid {BORDER}; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QLabel {{ padding: 0 8px; }}
QLabel {{ color: {TEXT}; }}
QLabel[role="quiet"] {{ color: {QUIET}; }}
QLabel[role="group"] {{ color: {QUIET}; font-weight: bold; padding: 4px 6px 2px 6px; }}
QLabel[role="problem"] {{ color: {PROBLEM}; }}
QLabel[role="heading"] {{ font-size: 20px; }}
#measure-row {{ border: 1px solid transparent; border-radius: 4px; background: transparent; }}
#measure-row:hover {{ background: {RAISED}; }}
#measure-row[chosen="true"] {{ border-color: {ACCENT}; background: {RAISED}; }}
QCheckBox {{ color: {TEXT}; spacing: 6px; border: 1px solid transparent; border-radius: 4px; }}
QCheckBox:focus {{ border-color: {ACCENT}; }}
QCheckBox::indicator:unchecked {{ border: 1px solid {QUIET}; border-radius: 2px; width: 12px; height: 12px; }}
QCheckBox::indicator:unchecked:disabled {{ border-color: {DISABLED}; }}
QSlider {{ border: 1px solid transparent; border-radius: 4px; min-height: 20px; }}
QSlider:focus {{ border-color: {ACCENT}; }}
QSlider::groove:horizontal {{ background: {BORDER}; height: 4px; border-radius: 2px; }}
QSlider::handle:horizontal {{ background: {ACCENT}; width: 12px; margin: -4px 0; border-radius: 6px; }}
QSlider::handle:horizontal:disabled {{ background: {DISABLED}; }}
QProgressBar {{ background: {BACKGROUND}; border: 1px solid {BORDER}; border-radius: 3px; height: 8px;
    color: transparent; }}
QProgressBar::chunk {{ background: {ACCENT}; border-radius: 2px; }}
"""


def apply_theme(application: QApplication) -> None:
    """Give `application` the Fusion style in dark greys; it follows the screen's own scale."""
    application.setStyle("Fusion")
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in {
        roles.Window: PANEL,
        roles.WindowText: TEXT,
        roles.Base: BACKGROUND,
        roles.AlternateBase: PANEL,
        roles.Text: TEXT,
        roles.PlaceholderText: QUIET,
        roles.Button: RAISED,
        roles.ButtonText: TEXT,
        roles.ToolTipBase: RAISED,
        roles.ToolTipText: TEXT,
        roles.Highlight: ACCENT,
        roles.HighlightedText: ON_ACCENT,
        roles.Link: ACCENT,
    }.items():
        palette.setColor(role, QColor(colour))
    for role in (roles.Text, roles.WindowText, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(DISABLED))
    application.setPalette(palette)
    font = QFont(application.font())
    font.setPixelSize(TEXT_PX)
    application.setFont(font)
    application.setStyleSheet(STYLE_SHEET)
