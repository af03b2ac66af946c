"""The one table of actions: shortcuts, tooltips and the cheat sheet are all made from it.

Keys follow OHIF's defaults (R, L, H, V, I, Z, ``+ - =``, space, arrows, page up/down, digits,
Ctrl+Z/Y) and, where OHIF has none, Weasis (W window/level, T pan, S scroll, F11 full screen).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtGui import QKeySequence


class Act(StrEnum):
    """Everything the reader can do from the keyboard."""

    OPEN_FOLDER = "open-folder"
    OPEN_FILES = "open-files"
    NEXT_SERIES = "next-series"
    PREVIOUS_SERIES = "previous-series"
    EXPORT = "export"
    EXPORT_FINDINGS = "export-findings"
    QUIT = "quit"

    LAYOUT_ONE = "layout-1"
    LAYOUT_TWO = "layout-2"
    LAYOUT_FOUR = "layout-4"
    NEXT_VIEWPORT = "next-viewport"
    PREVIOUS_VIEWPORT = "previous-viewport"
    TOGGLE_BROWSER = "toggle-browser"
    TOGGLE_FINDINGS = "toggle-findings"
    FULL_SCREEN = "full-screen"
    LEAVE = "leave"
    PRIVACY = "privacy"
    CHEAT_SHEET = "cheat-sheet"

    TOOL_WINDOW = "tool-window"
    TOOL_PAN = "tool-pan"
    TOOL_ZOOM = "tool-zoom"
    TOOL_SCROLL = "tool-scroll"
    TOOL_BRUSH = "tool-brush"
    TOOL_ERASER = "tool-eraser"
    TOOL_SELECT = "tool-select"
    TOOL_RULER = "tool-ruler"
    TOOL_ANGLE = "tool-angle"
    TOOL_ELLIPSE = "tool-ellipse"
    TOOL_RECTANGLE = "tool-rectangle"
    BRUSH_SMALLER = "brush-smaller"
    BRUSH_LARGER = "brush-larger"
    FILL_BETWEEN = "fill-between"
    UNDO = "undo"
    REDO = "redo"

    FIT = "fit"
    ONE_TO_ONE = "one-to-one"
    ZOOM_IN = "zoom-in"
    ZOOM_OUT = "zoom-out"
    ROTATE_RIGHT = "rotate-right"
    ROTATE_LEFT = "rotate-left"
    FLIP_HORIZONTAL = "flip-horizontal"
    FLIP_VERTICAL = "flip-vertical"
    INVERT = "invert"
    RESET = "reset"

    NEXT_SLICE = "next-slice"
    PREVIOUS_SLICE = "previous-slice"
    FIRST_SLICE = "first-slice"
    LAST_SLICE = "last-slice"
    PLANES = "planes"

    PRESET_1 = "preset-1"
    PRESET_2 = "preset-2"
    PRESET_3 = "preset-3"
    PRESET_4 = "preset-4"
    TYPE_WINDOW = "type-window"

    ANALYSE = "analyse"
    ANALYSE_ALL = "analyse-all"
    SCORE_ANYWAY = "score-anyway"
    CANCEL = "cancel"
    NETWORKS = "networks"

    NEXT_FINDING = "next-finding"
    PREVIOUS_FINDING = "previous-finding"
    ACCEPT = "accept"
    REJECT = "reject"
    REOPEN = "reopen"
    ADD_FINDING = "add-finding"
    REMOVE_FINDING = "remove-finding"
    NEXT_MEASUREMENT = "next-measurement"
    PREVIOUS_MEASUREMENT = "previous-measurement"
    PUT_BACK = "put-back"
    ROTATED = "rotated"
    COMPARE_PRIOR = "compare-prior"
    MASK_STYLE = "mask-style"
    OPINIONS = "opinions"
    HEATMAP = "heatmap"
    HEATMAP_FAINTER = "heatmap-fainter"
    HEATMAP_STRONGER = "heatmap-stronger"
    METHOD_1 = "method-1"
    METHOD_2 = "method-2"
    METHOD_3 = "method-3"
    METHOD_4 = "method-4"
    METHOD_5 = "method-5"
    METHOD_6 = "method-6"
    FLICKER = "flicker"
    EXPLAIN_BOX = "explain-box"
    EXPLAIN_STROKE = "explain-stroke"
    COMPARE_MAPS = "compare-maps"
    COMPARE_MODELS = "compare-models"
    IMPRESSION = "impression"
    SIGN = "sign"


@dataclass(frozen=True)
class Key:
    """One row of the table.

    Attributes
    ----------
    keys : tuple of str
        Qt key sequences; the first one is shown.
    icon : str
        Name of a drawing in ``resources/icons``; ``""`` for an action without a button.
    checkable : bool
        Whether the action stays on.
    short : str
        What a button says; ``""`` for the title.
    """

    act: Act
    group: str
    title: str
    keys: tuple[str, ...]
    icon: str = ""
    checkable: bool = False
    short: str = ""

    @property
    def shown(self) -> str:
        """The first key as the platform writes it."""
        return QKeySequence(self.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)

    @property
    def tooltip(self) -> str:
        """Title with its key."""
        return f"{self.title}  ({self.shown})"


_STUDY, _SCREEN, _TOOLS, _FILM, _STACK, _WINDOW, _NETWORKS, _WHY, _REVIEW = (
    "Study",
    "Screen",
    "Tools",
    "Film",
    "Stack",
    "Window / level",
    "Networks",
    "Why",
    "Review",
)

KEYS: tuple[Key, ...] = (
    Key(Act.OPEN_FOLDER, _STUDY, "Open a study folder", ("Ctrl+O",), "folder", short="Open folder"),
    Key(Act.OPEN_FILES, _STUDY, "Open files", ("Ctrl+Shift+O",), "file"),
    Key(Act.NEXT_SERIES, _STUDY, "Next series", ("PgDown",)),
    Key(Act.PREVIOUS_SERIES, _STUDY, "Previous series", ("PgUp",)),
    Key(Act.EXPORT, _STUDY, "Export a PDF report", ("Ctrl+E",), "export"),
    Key(Act.EXPORT_FINDINGS, _STUDY, "Export findings.json with its pictures", ("Ctrl+Shift+E",)),
    Key(Act.QUIT, _STUDY, "Quit", ("Ctrl+Q",)),
    Key(Act.LAYOUT_ONE, _SCREEN, "One viewport", ("Ctrl+1",), "layout-1", True),
    Key(Act.LAYOUT_TWO, _SCREEN, "Two viewports", ("Ctrl+2",), "layout-2", True),
    Key(Act.LAYOUT_FOUR, _SCREEN, "Four viewports", ("Ctrl+4",), "layout-4", True),
    Key(Act.NEXT_VIEWPORT, _SCREEN, "Next viewport", ("Right",)),
    Key(Act.PREVIOUS_VIEWPORT, _SCREEN, "Previous viewport", ("Left",)),
    Key(Act.TOGGLE_BROWSER, _SCREEN, "Show or hide the series", ("F7",), "panel-left", True),
    Key(Act.TOGGLE_FINDINGS, _SCREEN, "Show or hide the findings", ("F8",), "panel-right", True),
    Key(Act.FULL_SCREEN, _SCREEN, "Film alone on the full screen", ("F11",), "full-screen", True),
    Key(Act.LEAVE, _SCREEN, "Leave full screen, close the cheat sheet, stop adding", ("Esc",)),
    Key(Act.PRIVACY, _SCREEN, "Privacy: hide patient data", ("P",), "privacy", True),
    Key(Act.CHEAT_SHEET, _SCREEN, "Keyboard cheat sheet", ("?", "F1"), "help", True),
    Key(Act.TOOL_WINDOW, _TOOLS, "Window / level", ("W",), "window", True),
    Key(Act.TOOL_PAN, _TOOLS, "Pan", ("T",), "pan", True),
    Key(Act.TOOL_ZOOM, _TOOLS, "Zoom", ("Z",), "zoom", True),
    Key(Act.TOOL_SCROLL, _TOOLS, "Scroll the stack", ("S",), "scroll", True),
    Key(Act.TOOL_BRUSH, _TOOLS, "Brush: add to the selected finding", ("B",), "brush", True),
    Key(Act.TOOL_ERASER, _TOOLS, "Eraser: take from the selected finding", ("E",), "eraser", True),
    Key(Act.TOOL_SELECT, _TOOLS, "Select and move measurements", ("C",), "select", True),
    Key(Act.TOOL_RULER, _TOOLS, "Ruler", ("D",), "ruler", True),
    Key(Act.TOOL_ANGLE, _TOOLS, "Angle", ("Y",), "angle", True),
    Key(Act.TOOL_ELLIPSE, _TOOLS, "Ellipse: mean, SD, min, max", ("O",), "ellipse", True),
    Key(Act.TOOL_RECTANGLE, _TOOLS, "Rectangle: mean, SD, min, max", ("Q",), "rectangle", True),
    Key(Act.BRUSH_SMALLER, _TOOLS, "Smaller brush", ("[",)),
    Key(Act.BRUSH_LARGER, _TOOLS, "Larger brush", ("]",)),
    Key(Act.FILL_BETWEEN, _TOOLS, "CT: fill the slices between those drawn", ("Shift+F",)),
    Key(Act.UNDO, _TOOLS, "Undo", ("Ctrl+Z",), "undo"),
    Key(Act.REDO, _TOOLS, "Redo", ("Ctrl+Y", "Ctrl+Shift+Z"), "redo"),
    Key(Act.FIT, _FILM, "Fit to the viewport", ("=",), "fit"),
    Key(Act.ONE_TO_ONE, _FILM, "One screen pixel per image pixel", ("Ctrl+0",), "one-to-one"),
    Key(Act.ZOOM_IN, _FILM, "Zoom in", ("+",)),
    Key(Act.ZOOM_OUT, _FILM, "Zoom out", ("-",)),
    Key(Act.ROTATE_RIGHT, _FILM, "Rotate right", ("R",), "rotate-right"),
    Key(Act.ROTATE_LEFT, _FILM, "Rotate left", ("L",), "rotate-left"),
    Key(Act.FLIP_HORIZONTAL, _FILM, "Flip left to right", ("H",), "flip-horizontal"),
    Key(Act.FLIP_VERTICAL, _FILM, "Flip top to bottom", ("V",), "flip-vertical"),
    Key(Act.INVERT, _FILM, "Invert greys", ("I",), "invert"),
    Key(Act.RESET, _FILM, "Reset view and window", ("Shift+Space",), "reset"),
    Key(Act.NEXT_SLICE, _STACK, "Next slice", ("Down",)),
    Key(Act.PREVIOUS_SLICE, _STACK, "Previous slice", ("Up",)),
    Key(Act.FIRST_SLICE, _STACK, "First slice", ("Home",)),
    Key(Act.LAST_SLICE, _STACK, "Last slice", ("End",)),
    Key(Act.PLANES, _STACK, "Axial, coronal and sagittal planes of a CT", ("Ctrl+M",), "", True, "Planes"),
    Key(Act.PRESET_1, _WINDOW, "Preset 1 (CT: soft tissue; film: as in the file)", ("Alt+1",)),
    Key(Act.PRESET_2, _WINDOW, "Preset 2 (CT: lung; film: higher contrast)", ("Alt+2",)),
    Key(Act.PRESET_3, _WINDOW, "Preset 3 (CT: as in the file; film: lower contrast)", ("Alt+3",)),
    Key(Act.PRESET_4, _WINDOW, "Preset 4 (CT: bone; film: full range)", ("Alt+4",)),
    Key(Act.TYPE_WINDOW, _WINDOW, "Type center and width", ("Shift+W",)),
    Key(Act.ANALYSE, _NETWORKS, "Analyse this image", ("Ctrl+R",), "analyse", short="Analyse"),
    Key(Act.ANALYSE_ALL, _NETWORKS, "Analyse every film", ("Ctrl+Shift+R",)),
    Key(Act.SCORE_ANYWAY, _NETWORKS, "Score a refused image anyway", ("Ctrl+Shift+A",), short="Score anyway"),
    Key(Act.CANCEL, _NETWORKS, "Cancel what is running", ("Ctrl+.",), short="Cancel"),
    Key(Act.NETWORKS, _NETWORKS, "Networks: their cards and weights", ("K",), short="Networks"),
    Key(Act.METHOD_1, _WHY, "Grad-CAM", ("1",)),
    Key(Act.METHOD_2, _WHY, "Integrated gradients", ("2",)),
    Key(Act.METHOD_3, _WHY, "Expected gradients", ("3",)),
    Key(Act.METHOD_4, _WHY, "SHAP", ("4",)),
    Key(Act.METHOD_5, _WHY, "LIME", ("5",)),
    Key(Act.METHOD_6, _WHY, "Occlusion", ("6",)),
    Key(Act.HEATMAP, _WHY, "The last map on or off", ("G",)),
    Key(Act.FLICKER, _WHY, "Flicker: maps off and on", ("Space",)),
    Key(Act.HEATMAP_FAINTER, _WHY, "Fainter map", (",",)),
    Key(Act.HEATMAP_STRONGER, _WHY, "Stronger map", (".",)),
    Key(Act.EXPLAIN_BOX, _WHY, "Explain a region: drag a box", ("Shift+E",)),
    Key(Act.EXPLAIN_STROKE, _WHY, "Explain a region: brush over it", ("Shift+B",)),
    Key(
        Act.COMPARE_MAPS,
        _WHY,
        "Compare two maps side by side",
        ("Shift+G",),
        "",
        True,
        "Compare side by side",
    ),
    Key(
        Act.COMPARE_MODELS,
        _WHY,
        "Compare two networks' maps of one method",
        ("Shift+M",),
        "",
        True,
        "Both",
    ),
    Key(Act.NEXT_FINDING, _REVIEW, "Next finding", ("N",)),
    Key(Act.PREVIOUS_FINDING, _REVIEW, "Previous finding", ("Shift+N",)),
    Key(Act.ACCEPT, _REVIEW, "Accept the selected finding", ("A",), "accept"),
    Key(Act.REJECT, _REVIEW, "Reject the selected finding", ("X",), "reject"),
    Key(Act.REOPEN, _REVIEW, "Reopen the selected finding", ("U",), "reopen"),
    Key(Act.ADD_FINDING, _REVIEW, "Add a finding by drawing it", ("F",), "add", short="Add finding"),
    Key(
        Act.REMOVE_FINDING,
        _REVIEW,
        "Remove what the reader drew",
        ("Del", "Backspace"),
        "remove",
        short="Remove",
    ),
    Key(Act.NEXT_MEASUREMENT, _REVIEW, "Next measurement", ("J",)),
    Key(Act.PREVIOUS_MEASUREMENT, _REVIEW, "Previous measurement", ("Shift+J",)),
    Key(Act.PUT_BACK, _REVIEW, "Put a moved line back", ("Shift+U",), short="Put back"),
    Key(Act.ROTATED, _REVIEW, "The patient is rotated", ("Shift+R",), "", True, "Patient is rotated"),
    Key(Act.COMPARE_PRIOR, _REVIEW, "Compare with the prior film", ("Shift+C",), "prior", True, "Compare"),
    Key(Act.MASK_STYLE, _REVIEW, "Mask as outline, fill or hidden", ("M",)),
    Key(Act.OPINIONS, _REVIEW, "The networks' own outlines on or off", ("Shift+O",)),
    Key(Act.IMPRESSION, _REVIEW, "Write the impression", ("Ctrl+I",)),
    Key(Act.SIGN, _REVIEW, "Sign or unsign the review", ("Ctrl+Return",), short="Sign"),
)

KEY_OF: dict[Act, Key] = {key.act: key for key in KEYS}
