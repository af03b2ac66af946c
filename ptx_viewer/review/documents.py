"""Reviews and analyses as JSON, with their arrays beside it.

A frozen dataclass becomes an object of its fields, a dictionary by an enumeration an object, a
tuple a list, an enumeration its value, a time its ISO 8601 text, and an array ``{"array": n}``: the
n-th of the arrays that are kept beside the text.  Reading is led by the type annotations of the
dataclass, so nothing that the file says can choose what is made of it.  A field that an older program
did not write takes its default; one that a newer program added is passed over.
"""

from __future__ import annotations

import json
import types
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

D = TypeVar("D")


class DocumentError(ValueError):
    """The text does not describe such an object, or the object cannot be described."""


def to_document(value: object) -> tuple[str, list[NDArray[np.generic]]]:
    """Return the JSON text of a dataclass, and the arrays it refers to, each once.

    Raises
    ------
    DocumentError
        If a value has no place in JSON, for example a score that is not a number.
    """
    arrays: list[NDArray[np.generic]] = []
    try:
        text = json.dumps(_plain(value, arrays), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DocumentError(f"{type(value).__name__} cannot be kept: {error}") from error
    return text, arrays


def from_document(cls: type[D], text: str, arrays: Sequence[NDArray[np.generic]]) -> D:
    """Return the object of class `cls` that `text` and `arrays` describe.

    Raises
    ------
    DocumentError
        If they do not describe one.
    """
    try:
        made = _made(cls, json.loads(text), arrays)
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise DocumentError(f"{cls.__name__} cannot be read: {error}") from error
    if not isinstance(made, cls):
        raise DocumentError(f"{cls.__name__} cannot be read")
    return made


def _plain(value: object, arrays: list[NDArray[np.generic]]) -> object:
    if isinstance(value, np.ndarray):
        # An unedited finding's mask is the suggested one: kept once, and shared again when read.
        for position, array in enumerate(arrays):
            if array is value:
                return {"array": position}
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), arrays) for field in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item, arrays) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item, arrays) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    return value


def _made(hint: Any, value: Any, arrays: Sequence[NDArray[np.generic]]) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (hint,) = (arm for arm in get_args(hint) if arm is not type(None))
        return _made(hint, value, arrays)
    if origin is np.ndarray:
        return arrays[value["array"]]
    if origin is tuple:
        return _made_tuple(get_args(hint), value, arrays)
    if origin is dict:
        of_key, of_item = get_args(hint)
        return {_made(of_key, key, arrays): _made(of_item, item, arrays) for key, item in value.items()}
    if is_dataclass(hint):
        return _made_dataclass(hint, value, arrays)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    if hint is float and type(value) is int:
        return float(value)
    if hint in (str, int, float, bool) and type(value) is hint:
        return value
    raise TypeError(f"{value!r:.40} is not {hint}")


def _made_tuple(hints: tuple[Any, ...], value: Any, arrays: Sequence[NDArray[np.generic]]) -> tuple[Any, ...]:
    if len(hints) == 2 and hints[1] is Ellipsis:
        return tuple(_made(hints[0], item, arrays) for item in value)
    return tuple(_made(hint, item, arrays) for hint, item in zip(hints, value, strict=True))


def _made_dataclass(cls: Any, value: Any, arrays: Sequence[NDArray[np.generic]]) -> Any:
    known: dict[str, Any] = {}
    hints = _hints(cls)
    for field in fields(cls):
        if field.name in value:
            known[field.name] = _made(hints[field.name], value[field.name], arrays)
        elif _required(field):
            raise KeyError(f"{cls.__name__}.{field.name} is missing")
    return cls(**known)


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)
