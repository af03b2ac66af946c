"""From a mapping, as YAML gives it, to a dataclass: unknown keys and wrong types are refused by name."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def build(kind: type[T], content: Any, where: str = "") -> T:
    """Return a dataclass filled from a mapping.

    Fields may be bool, int, float, str, Path, Literal, a dataclass, a tuple of these, or one of these or
    None.  Whole numbers are taken for float, and text such as ``1e-3``, which YAML takes for text.

    Parameters
    ----------
    kind : dataclass type
    content : mapping
    where : str
        Dotted path of the mapping within the file, for messages.

    Raises
    ------
    ValueError
        If a key is unknown or missing, or a value is not of its field's type, or the dataclass itself
        refuses it; the message names the key.
    """
    if content is None:
        content = {}
    if not isinstance(content, Mapping):
        raise ValueError(f"{where or 'the configuration'} must hold keys and values, not {content!r}")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}  # type: ignore[arg-type]
    for key in content:
        if key not in fields:
            close = difflib.get_close_matches(str(key), fields, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(fields)}"
            raise ValueError(f"unknown key '{_join(where, str(key))}'; {hint}")
    values = {}
    for name, field in fields.items():
        if name in content:
            values[name] = _value(hints[name], content[name], _join(where, name))
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"the key '{_join(where, name)}' is missing")
    try:
        return kind(**values)
    except ValueError as error:
        raise ValueError(f"{where}: {error}" if where else str(error)) from error


def plain(value: Any) -> Any:
    """Return a dataclass as mappings, lists and plain values, ready for YAML."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init
        }
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.as_posix() if isinstance(value, Path) else value


def _value(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in arguments:
            return None
        (kind,) = (argument for argument in arguments if argument is not type(None))
        return _value(kind, value, where)
    if origin is typing.Literal:
        if value in arguments and type(value) in {type(argument) for argument in arguments}:
            return value
        raise ValueError(f"'{where}' must be one of {', '.join(map(str, arguments))}, not {value!r}")
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"'{where}' must be a list, not {value!r}")
        if arguments[-1] is not Ellipsis and len(value) != len(arguments):
            raise ValueError(f"'{where}' must list {len(arguments)} values, not {len(value)}")
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(_value(k, v, f"{where}[{n}]") for n, (k, v) in enumerate(zip(kinds, value, strict=True)))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return build(kind, value, where)
    return _plain_value(kind, value, where)


def _plain_value(kind: Any, value: Any, where: str) -> Any:
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    if kind is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    elif kind in (int, str, bool) and type(value) is kind:
        return value
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false", Path: "a path"}
    raise ValueError(f"'{where}' must be {names[kind]}, not {value!r}")


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
