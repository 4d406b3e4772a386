"""What the operations are and take, read from the table: no studio, no database, no token."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from anyio import to_thread

from stability_mcp.api.fields import AudioLimits, File, ImageLimits
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.styles import STYLES
from stability_mcp.imaging.sniff import EXTENSIONS
from stability_mcp.rest.bodies import MAX_FILES
from stability_mcp.rest.operation_paths import operation_path
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import PREFIX, route
from stability_mcp.server.tool import Data
from stability_mcp.server.tool_schema import plain_schema
from stability_mcp.studio import MAX_UPLOAD_BYTES


class Span(Data):
    """A range; both ends are included."""

    low: float
    high: float


class FileLimits(Data):
    """Limits of a file that a field takes; larger pictures are made smaller before sending."""

    formats: list[str]
    max_pixels: int | None = None
    """Width times height."""
    min_side: int | None = None
    """Pixels."""
    max_side: int | None = None
    """Pixels."""
    max_aspect: float | None = None
    """Longer side divided by the shorter one."""
    sizes: list[str] | None = None
    """The only sizes that the API takes."""
    seconds: Span | None = None
    """Length of a sound."""
    mask_for: str | None = None
    """The field whose picture it masks."""

    @classmethod
    def of(cls, mark: File) -> "FileLimits":
        """Return the limits of a field."""
        limits = mark.limits
        if isinstance(limits, AudioLimits):
            seconds = Span(low=limits.min_seconds, high=limits.max_seconds)
            return cls(formats=list(limits.formats), seconds=seconds, mask_for=mark.mask_for)
        return cls(
            formats=list(limits.formats),
            max_pixels=limits.max_pixels,
            min_side=limits.min_side,
            max_side=limits.max_side,
            max_aspect=limits.max_aspect,
            sizes=[f"{each.width}x{each.height}" for each in limits.sizes] or None,
            mask_for=mark.mask_for,
        )


class OperationInfo(Data):
    """One operation of the API."""

    name: str
    title: str
    """The model or feature, as it is commonly called."""
    method: str
    path: str
    """Its route on this server."""
    when: str
    """When to use it."""
    makes: str
    """image, audio, model or data."""
    models: list[str] | None = None
    """Choices of its field model."""
    credits: Span
    """Price of one result; 1 credit is 0.01 USD."""
    seconds: float | None = None
    """Usual time of the API; absent: not measured."""
    max_body_bytes: int
    """Largest request that the API takes."""
    count: bool
    """Whether it takes count, the number of variants."""
    fields: dict[str, Any]
    """JSON schemas of its fields."""
    required: list[str]
    files: dict[str, FileLimits]
    """Limits of the fields that take a file."""

    @classmethod
    def of(cls, row: type[Operation]) -> "OperationInfo":
        """Describe an operation."""
        schema = plain_schema(row)
        low, high = row.price_range()
        return cls(
            name=row.name(),
            title=row.title,
            method=row.spec.method,
            path=f"{PREFIX}{operation_path(row)}",
            when=row.summary(),
            makes=row.media or "data",
            models=_choices(schema, "model") or None,
            credits=Span(low=low / 1000, high=high / 1000),
            seconds=row.spec.seconds or None,
            max_body_bytes=row.spec.max_body,
            count=row.takes_count(),
            fields=dict(schema["properties"]),
            required=list(schema.get("required", ())),
            files={name: FileLimits.of(mark) for name, mark in row.file_fields().items()},
        )


class ModelsInfo(Data):
    """Every operation."""

    operations: list[OperationInfo]


@route("GET", "/models/info", tag="models", access="open")
async def get_models(call: RestCall, arguments: None) -> ModelsInfo:  # noqa: ARG001 -- every route takes both
    """Describe every operation: title, models, price, time, fields and limits of its files."""
    return await to_thread.run_sync(_models)  # the first time it builds every schema


@cache
def _models() -> ModelsInfo:
    return ModelsInfo(operations=[OperationInfo.of(row) for row in OPERATIONS.values()])


class StyleInfo(Data):
    """A style preset."""

    name: str
    description: str


class InputLimits(Data):
    """Limits of the files of a request."""

    max_file_bytes: int
    max_files: int
    """Files of one request."""
    min_side: int
    """Pixels of a picture, each side."""
    max_pixels: int
    """Width times height of the largest picture that an operation takes; others take less."""
    seconds: Span
    """Length of a sound."""


class Formats(Data):
    """What files, sizes and styles there are."""

    inputs: dict[str, list[str]]
    """Formats that the API takes, for images and audio."""
    imported: list[str]
    """Media types that are stored; pictures of other formats are converted before they are sent."""
    outputs: dict[str, list[str]]
    """Formats that results can have, by kind."""
    aspect_ratios: list[str]
    style_presets: list[StyleInfo]
    limits: InputLimits


@route("GET", "/supported-formats", tag="models", access="open")
async def get_formats(call: RestCall, arguments: None) -> Formats:  # noqa: ARG001 -- every route takes both
    """List formats of files, aspect ratios, style presets and limits of sizes."""
    return await to_thread.run_sync(_formats)  # as above


@cache
def _formats() -> Formats:
    marks = [mark for row in OPERATIONS.values() for mark in row.file_fields().values()]
    pictures = [each.limits for each in marks if isinstance(each.limits, ImageLimits)]
    sounds = [each.limits for each in marks if isinstance(each.limits, AudioLimits)]
    schemas = {name: plain_schema(row) for name, row in OPERATIONS.items()}
    return Formats(
        inputs={
            "image": _in_order(each.formats for each in pictures),
            "audio": _in_order(each.formats for each in sounds),
        },
        imported=list(EXTENSIONS),
        outputs={
            "image": _outputs(schemas, "image"),
            "audio": _outputs(schemas, "audio"),
            "model": [EXTENSIONS["model/gltf-binary"]],
        },
        aspect_ratios=_in_order(_choices(each, "aspect_ratio") for each in schemas.values()),
        style_presets=[StyleInfo(name=name, description=text) for name, text in STYLES.items()],
        limits=InputLimits(
            max_file_bytes=MAX_UPLOAD_BYTES,
            max_files=MAX_FILES,
            min_side=min(each.min_side for each in pictures),
            max_pixels=max(each.max_pixels or 0 for each in pictures),
            seconds=Span(
                low=min(each.min_seconds for each in sounds),
                high=max(each.max_seconds for each in sounds),
            ),
        ),
    )


def _outputs(schemas: Mapping[str, Mapping[str, Any]], kind: str) -> list[str]:
    names = [name for name, row in OPERATIONS.items() if row.media == kind]
    return _in_order(_choices(schemas[name], "output_format") for name in names)


def _choices(schema: Mapping[str, Any], name: str) -> list[str]:
    return list(schema["properties"].get(name, {}).get("enum", ()))


def _in_order(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(each for values in lists for each in values))
