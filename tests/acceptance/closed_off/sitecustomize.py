"""Loaded by Python itself at its start: takes network and display libraries away from the program.

What was tried is written to a file, because a library may swallow the refusal.
"""

import os
import sys
from pathlib import Path

_NETWORK = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}
_DISPLAY = {"PySide6", "shiboken6", "pyqtgraph"}
_TRIED = Path(os.environ["CLOSED_OFF_TRIED"])


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event in _NETWORK:
        with _TRIED.open("a") as stream:
            stream.write(f"{event}\n")
        raise OSError("this program is to work without a network")
    if event == "import" and str(arguments[0]).split(".", maxsplit=1)[0] in _DISPLAY:
        with _TRIED.open("a") as stream:
            stream.write(f"import {arguments[0]}\n")
        raise ImportError("this command is to work without display libraries")


sys.addaudithook(_refuse)
