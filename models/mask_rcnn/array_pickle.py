"""Read the arrays of a pickle without letting the pickle call anything.

A pickle is a program: whatever it names is imported and called.  Here nothing that it names is imported.  The
few names that NumPy's arrays need are answered by the stand-ins of this file, which build plain arrays of
numbers from bytes; every other name ends the reading.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

#: Element types that a network's tensors have, as NumPy's pickles name them.
_NUMBERS = frozenset({"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1"})


class ArrayPickleError(ValueError):
    """A pickle that holds anything but numbers, text and arrays of numbers, or is damaged."""


class StoredArray:
    """An array of a pickle.

    Attributes
    ----------
    values : ndarray
        Numbers in the machine's byte order, not writeable.
    """

    __slots__ = ("values",)

    values: NDArray[Any]

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _version, shape, element, column_major, content = state
        self.values = _values(content, element, shape, "F" if column_major else "C")


def read_array_pickle(path: Path) -> object:
    """Return what a pickle holds: dicts, lists, text, numbers and :class:`StoredArray`.

    Parameters
    ----------
    path : Path
        Written by Python 2 or 3, with NumPy 1 or 2, in any protocol.

    Returns
    -------
    object
        Ordered dicts are dicts.

    Raises
    ------
    ArrayPickleError
        If the pickle names anything that arrays do not need, or is no whole pickle; nothing was called.
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as stream:
        try:
            content: object = _ArrayUnpickler(stream, encoding="latin1").load()
            return content
        except (ArrayPickleError, OSError):
            raise
        # A damaged pickle raises whatever the operation raises that its bytes happen to spell.
        except Exception as error:
            raise ArrayPickleError("it is no whole pickle") from error


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> Any:
        call = _CALLS.get(f"{module}.{name}")
        if call is None:
            raise ArrayPickleError(f"it names {module}.{name}, which arrays of numbers do not need")
        return call

    def persistent_load(self, _pid: Any, /) -> NoReturn:
        raise ArrayPickleError("it refers to something outside the file")


class _Call:
    """A call that a pickle may make: an object, since a pickle can change what classes and functions do."""

    __slots__ = ("_make",)

    _make: Callable[..., Any]

    def __init__(self, make: Callable[..., Any]) -> None:
        object.__setattr__(self, "_make", make)

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise ArrayPickleError("it changes what it calls")

    def __setstate__(self, state: object) -> NoReturn:
        raise ArrayPickleError("it changes what it calls")


class _ElementType:
    """What ``numpy.dtype`` makes: here a number's type alone, never one with fields or objects."""

    __slots__ = ("dtype",)

    def __init__(self, code: str, *_: object) -> None:
        if code not in _NUMBERS:
            raise ArrayPickleError(f"it holds an array of '{code}', not of numbers")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1]
        if order in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(order)


def _values(content: bytes | str, element: _ElementType, shape: tuple[int, ...], order: str) -> NDArray[Any]:
    if isinstance(content, str):  # bytes of Python 2
        content = content.encode("latin1")
    if len(content) != math.prod(shape) * element.dtype.itemsize:
        raise ArrayPickleError(f"it holds an array of shape {tuple(shape)} whose bytes do not fill it")
    flat = np.frombuffer(bytes(content), dtype=element.dtype)
    native = flat.astype(flat.dtype.newbyteorder("="), copy=False)
    return native.reshape(tuple(shape), order="F" if order == "F" else "C")


def _from_buffer(
    content: bytes, element: _ElementType, shape: tuple[int, ...], order: str, *_: object
) -> StoredArray:
    array = StoredArray()
    array.values = _values(content, element, shape, order)
    return array


def _latin1_bytes(text: str, encoding: str) -> bytes:
    """Return the bytes that are stored as text."""
    if encoding != "latin1":
        raise ArrayPickleError(f"it encodes text as {encoding}")
    return text.encode("latin1")


class _Entries(dict[Any, Any]):
    """An ordered dict; torch hangs a `_metadata` on its own, which says nothing about the tensors."""

    def __setstate__(self, state: object) -> None:
        pass


_CALLS = {
    "numpy.dtype": _Call(_ElementType),
    "numpy.ndarray": _Call(lambda *_: StoredArray()),
    "collections.OrderedDict": _Call(_Entries),
    # Protocols 0 to 2 have no bytes of their own.
    "_codecs.encode": _Call(_latin1_bytes),
    "__builtin__.bytes": _Call(lambda: b""),
} | {
    f"numpy.{core}.{name}": call
    for core in ("core", "_core")  # NumPy 1, NumPy 2
    for name, call in (
        ("multiarray._reconstruct", _Call(lambda *_: StoredArray())),
        ("numeric._frombuffer", _Call(_from_buffer)),
    )
}
