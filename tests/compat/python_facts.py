"""Facts for Python programs: public names, classes with members, parameters."""

import dataclasses
import importlib
import inspect
import typing
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any, TypeGuard

from pydantic import BaseModel

from compat.facts import Facts, path

FAMILIES = {
    "account": ("balance", "details", "engines"),
    "audio2": ("audio_to_audio", "inpaint", "text_to_audio"),
    "audio3": ("audio_to_audio", "inpaint", "text_to_audio"),
    "control": ("sketch", "structure", "style", "style_transfer"),
    "edit": (
        *("erase", "inpaint", "outpaint", "remove_background"),
        *("replace_background_and_relight", "search_and_recolor", "search_and_replace"),
    ),
    "generate": ("core", "sd3", "ultra"),
    "model3d": ("stable_fast_3d", "stable_point_aware_3d"),
    "upscale": ("conservative", "creative", "fast"),
    "v1": ("image_to_image", "masking", "text_to_image"),
}
PACKAGE = "stability_mcp"
TABLE = f"{PACKAGE}.api.operations"
MODULES = (
    PACKAGE,
    f"{PACKAGE}.errors",
    f"{PACKAGE}.api.fields",
    f"{PACKAGE}.api.operation",
    f"{PACKAGE}.api.kinds",
    TABLE,
    *(f"{TABLE}.{family}" for family in FAMILIES),
    *(f"{TABLE}.{family}.{name}" for family, names in FAMILIES.items() for name in names),
)
"""Import paths for programs; a name belongs to the first module that has it."""

NEVER_CONSTRUCTED = frozenset({"Studio", "Outcome"})
"""Classes that programs never construct, so their constructors may change."""


def python_facts(*, borrowed: bool) -> Facts:
    """Return the public names below the import paths.

    Args:
        borrowed: Include names that a module imports and members that a class inherits. The stored
            snapshot excludes them; a comparison includes them, since programs don't care where a
            name comes from.
    """
    found: Facts = {}
    earlier: list[ModuleType] = []
    for name in MODULES:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        found[path("python", name)] = "module"
        for public in _public_names(module):
            value = getattr(module, public)
            if not _is_ours(value):
                continue
            if borrowed or name == PACKAGE or _belongs_to(module, public, value, earlier):
                found |= _value_facts(path("python", name, public), value, borrowed=borrowed)
        earlier.append(module)
    return found | _table_facts()


def _table_facts() -> Facts:
    try:
        operations = importlib.import_module(TABLE).OPERATIONS
    except (ModuleNotFoundError, AttributeError):
        return {}
    return {path("python", TABLE, "OPERATIONS", name): "operation" for name in operations}


def _public_names(module: ModuleType) -> list[str]:
    names = getattr(module, "__all__", None) or vars(module)
    return [name for name in names if name == "__version__" or not name.startswith("_")]


def _is_ours(value: object) -> bool:
    """Return whether a value is from our packages; True for constants and aliases."""
    if isinstance(value, ModuleType):
        return value.__name__.startswith(PACKAGE)
    if _is_class(value) or isinstance(value, FunctionType):
        return str(value.__module__).startswith(PACKAGE)
    return True


def _is_class(value: object) -> TypeGuard[type]:
    return isinstance(value, type) and typing.get_origin(value) is None


def _belongs_to(
    module: ModuleType, name: str, value: object, earlier: Sequence[ModuleType]
) -> bool:
    if isinstance(value, ModuleType):
        return False
    if _is_class(value) or isinstance(value, FunctionType):
        return value.__module__ == module.__name__
    return not any(getattr(each, name, None) is value for each in (typing, *earlier))


def _value_facts(where: str, value: object, *, borrowed: bool) -> Facts:
    if _is_class(value):
        return {where: "class"} | _class_facts(where, value, borrowed=borrowed)
    if isinstance(value, FunctionType):
        return _function_facts(where, value, inspect.signature(value))
    if isinstance(value, ModuleType):
        return {where: "module"}
    return {where: _constant(value)}


def _constant(value: object) -> Any:  # noqa: ANN401 -- a fact is JSON of any shape
    """Return a number's value; the values of texts, aliases and tables may change."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"kind": "value", "value": value}
    return {"kind": "value"}


def _class_facts(where: str, cls: type, *, borrowed: bool) -> Facts:
    found: Facts = {
        path(where, f"({base.__name__})"): "base"
        for base in cls.__mro__[1:]
        if _is_ours(base) and not base.__name__.startswith("_")
    }
    fields = dict(_fields(cls))
    for name, needed in fields.items():
        made = {} if cls.__name__ in NEVER_CONSTRUCTED else {"needed": needed}
        found[path(where, name)] = {"kind": "attribute"} | made
    if not (fields or cls.__name__ in NEVER_CONSTRUCTED or issubclass(cls, BaseModel)):
        found |= _function_facts(where, cls, inspect.signature(cls), name="__init__")
    owners = [each for each in cls.__mro__ if _is_ours(each)] if borrowed else [cls]
    for name in {name for each in owners for name in vars(each)}:
        if not name.startswith(("_", "model_")) and name not in fields:
            found |= _member_facts(where, cls, name)
    if issubclass(cls, Exception):
        found |= {path(where, name): {"kind": "attribute"} for name in vars(_raised(cls))}
    if dataclasses.is_dataclass(cls):
        found |= _parts_facts(where, cls)
    return found


def _raised(cls: type[Exception]) -> Exception:
    """Return an instance of an error, with placeholder arguments."""
    parameters = inspect.signature(cls).parameters.values()
    needed = [each for each in parameters if each.default is each.empty]
    positional = ["" for each in needed if each.kind is each.POSITIONAL_OR_KEYWORD]
    return cls(*positional, **{e.name: "no" for e in needed if e.kind is e.KEYWORD_ONLY})


def _fields(cls: type) -> Iterator[tuple[str, bool]]:
    """Yield the fields of a model or a dataclass, and whether each is required."""
    if issubclass(cls, BaseModel):
        for name, field in cls.model_fields.items():
            yield name, field.is_required()
    elif dataclasses.is_dataclass(cls):
        for each in dataclasses.fields(cls):
            absent = dataclasses.MISSING
            yield each.name, each.default is absent and each.default_factory is absent


def _member_facts(where: str, cls: type, name: str) -> Facts:
    raw = inspect.getattr_static(cls, name)
    if isinstance(raw, FunctionType | classmethod | staticmethod):
        function = getattr(cls, name)
        signature = inspect.signature(function)
        if isinstance(raw, FunctionType):
            without_self = list(signature.parameters.values())[1:]
            signature = signature.replace(parameters=without_self)
        return _function_facts(where, function, signature, name=name)
    if isinstance(raw, str | int | float) and not isinstance(raw, property | cached_property):
        return {path(where, name): {"kind": "attribute", "value": raw}}
    return {path(where, name): {"kind": "attribute"}}


def _function_facts(
    where: str,
    function: Callable[..., Any],
    signature: inspect.Signature,
    *,
    name: str = "",
) -> Facts:
    where = f"{path(where, name)}()" if name else f"{where}()"
    found: Facts = {where: "async" if inspect.iscoroutinefunction(function) else "function"}
    for place, each in enumerate(signature.parameters.values()):
        positional = each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD}
        many = each.kind in {each.VAR_POSITIONAL, each.VAR_KEYWORD}
        found[path(where, each.name)] = {
            "kind": each.kind.description,
            "needed": each.default is each.empty and not many,
        } | ({"place": place} if positional else {})
    return found


def _parts_facts(where: str, cls: type) -> Facts:
    """Return the attributes of the dataclasses nested in a dataclass."""
    found: Facts = {}
    for name, hint in typing.get_type_hints(cls).items():
        many = typing.get_origin(hint) in {tuple, list, Sequence}
        for each in (hint, *typing.get_args(hint)):
            if _is_class(each) and _is_ours(each) and dataclasses.is_dataclass(each):
                part = path(where, f"{name}[]" if many else name)
                names = {field.name for field in dataclasses.fields(each)} | set(dir(each))
                found |= {path(part, n): "attribute" for n in names if not n.startswith("_")}
    return found
