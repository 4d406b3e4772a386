"""Which arguments of a route take files: a file part, or text that names stored or remote media."""

from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, Field

from stability_mcp.api.operation import Operation


class AnyFile:
    """Marks an argument whose value names a file of any kind."""


FILE_MARK = AnyFile()

FileField = Annotated[
    str,
    Field(min_length=1, description="File, or text: media id, media:// URI, label, https or data."),
    FILE_MARK,
]
"""One file."""

FileList = list[FileField]
"""Several files: the part is repeated."""


def file_fields(model: type[BaseModel]) -> Mapping[str, bool]:
    """Return the arguments of a model that take files, and whether each takes several."""
    if issubclass(model, Operation):
        return dict.fromkeys(model.file_fields(), False)
    found = {}
    for name, field in model.model_fields.items():
        if any(isinstance(each, AnyFile) for each in field.metadata) or _has_mark(field.annotation):
            found[name] = _is_list(field.annotation)
    return found


def _has_mark(annotation: Any) -> bool:  # noqa: ANN401 -- any type
    if get_origin(annotation) is Annotated:
        return any(isinstance(each, AnyFile) for each in get_args(annotation))
    return any(_has_mark(each) for each in get_args(annotation))


def _is_list(annotation: Any) -> bool:  # noqa: ANN401 -- any type
    origin = get_origin(annotation)
    return origin is list or any(_is_list(each) for each in get_args(annotation))
