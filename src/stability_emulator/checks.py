"""Validates requests: returns the operation, or refuses with a list of every problem.

The table's row validates the values, its file marks validate the files. Where the wire format
differs from the row, `row.wire` describes the difference.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError, create_model

from stability_emulator.content_filter import is_filtered
from stability_emulator.error_bodies import Complaint, complaints_of, invalid_enum, refusal_of
from stability_emulator.forms import ParsedBody, Upload
from stability_emulator.responses import RefusalError, is_first_version
from stability_emulator.uploads import (
    SDXL_NAME,
    SDXL_SENTENCE,
    file_problems,
    mask_problems,
)
from stability_mcp.api.operation import Operation
from stability_mcp.api.wire_schema import SWITCH, defaults

CLIENT_HEADERS = ("stability-client-id", "stability-client-user-id", "stability-client-version")
MAX_CLIENT_CHARACTERS = 256


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A valid request."""

    operation: Operation
    """File fields hold `upload:<sha256>`."""
    files: Mapping[str, Upload]
    filtered: bool = False
    """Whether the content filter withholds the result: it is blurred but still charged."""


def header_problems(headers: Mapping[str, str]) -> list[str]:
    """Return problems with the headers whose length version 2 documents."""
    return [
        f"{name}: must be at most {MAX_CLIENT_CHARACTERS} long"
        for name in CLIENT_HEADERS
        if len(headers.get(name, "")) > MAX_CLIENT_CHARACTERS
    ]


def check(
    row: type[Operation],
    sent: ParsedBody,
    path_values: Mapping[str, str],
    engines: frozenset[str],
    headers: Mapping[str, str],
) -> Checked:
    """Validate a request. Blocking: reads files.

    Args:
        row: The operation that the path belongs to.
        sent: The parameters and files.
        path_values: Values of the fields that are part of the path.
        engines: The engine ids that version 1 knows.
        headers: The headers, with lower-case names.

    Raises:
        RefusalError: 400 with every problem, or 404 for an unknown engine.
    """
    if "engine_id" in path_values and path_values["engine_id"] not in engines:
        message = f"The specified engine (ID {path_values['engine_id'][:80]}) was not found."
        raise RefusalError(404, "not_found", message)
    given = _given(row, sent) | dict(path_values)
    idle = _idle(row, given)
    missing = _missing(row, given)
    complaints = [*_part_problems(row, sent), *_idle_problems(row, given, idle), *missing]
    if not is_first_version(row.spec.path):
        complaints += [Complaint(field="", problem=each) for each in header_problems(headers)]
    unfit = {complaint.field for complaint in complaints} | idle
    known = {name: given[name] for name in given.keys() & row.model_fields if name not in unfit}
    try:
        operation = row.model_validate(known, strict=sent.typed)
    except ValidationError as error:
        found = complaints_of(error, row)
        broken = any(each.field for each in complaints)  # fixing a field may satisfy a rule
        further = [
            each for each in found if each.field not in unfit and not (each.between and broken)
        ]
        partly = {name: value for name, value in known.items() if name not in _fields_of(error)}
        complaints += further + _unknown_parameters(
            row, given, _added(row.model_construct(**partly))
        )
        complaints = complaints or [Complaint(field="", problem=str(error))]
        raise _refusal(row, known, complaints) from None
    complaints += _unknown_parameters(row, given, operation.added())
    if not missing and not unfit & operation.added().keys():
        complaints += _conflicts(given, operation, sent)
    if complaints:
        raise _refusal(row, known, complaints)
    return Checked(operation=operation, files=sent.files, filtered=is_filtered(operation))


def _given(row: type[Operation], sent: ParsedBody) -> dict[str, Any]:
    files = {name: f"upload:{upload.sha256()}" for name, upload in sent.files.items()}
    # A space means the same as an empty text and satisfies the row's minimum length.
    empty = {name: " " for name in row.wire.may_be_empty if sent.values.get(name) == ""}
    return defaults(row) | dict(sent.values) | empty | files


def _missing(row: type[Operation], given: Mapping[str, Any]) -> list[Complaint]:
    """Return problems with missing parameters that other parameters make mandatory."""
    present = {*given, *(f"{name}={value}" for name, value in given.items())}
    names = [
        name
        for trigger, required in row.wire.requires.items()
        if trigger in present
        for name in required
    ]
    return [
        Complaint(field=name, problem="required")
        for name in dict.fromkeys(names)
        if name not in given
    ]


def _idle(row: type[Operation], given: Mapping[str, Any]) -> frozenset[str]:
    """Return the parameters that the API accepts but ignores in this request."""
    names = row.wire.idle & given.keys()
    return names & row.model_construct(**given).not_sent() if names else names


def _idle_problems(
    row: type[Operation], given: Mapping[str, Any], idle: frozenset[str]
) -> list[Complaint]:
    """Return problems with the values of ignored parameters; the API validates those too."""
    fields = {name: (field.annotation, field) for name, field in row.model_fields.items()}
    model = create_model("Idle", **{name: fields[name] for name in idle})  # type: ignore[call-overload]  # by name
    try:
        model.model_validate({name: given[name] for name in idle})
    except ValidationError as error:
        return complaints_of(error, row)
    return []


def _part_problems(row: type[Operation], sent: ParsedBody) -> list[Complaint]:
    """Return problems with the files, and with parts that should be a text or a file instead."""
    marks = row.file_fields()
    no_files = [name for name in marks if name in sent.values and name not in sent.files]
    no_texts = [name for name in sent.files if name in row.model_fields and name not in marks]
    switches = [
        (name, sent.values[name])
        for name, field in row.model_fields.items()
        if field.annotation is bool and not sent.typed
        if sent.values.get(name, SWITCH[0]) not in SWITCH
    ]
    choices = _choices(SWITCH)
    return [
        *(Complaint(field=name, problem="expected file") for name in no_files),
        *(Complaint(field=name, problem="expected string") for name in no_texts),
        *(Complaint(field=name, problem=invalid_enum(choices, value)) for name, value in switches),
        *(
            complaint
            for name, mark in marks.items()
            if name in sent.files
            for complaint in file_problems(name, sent.files[name], mark)
        ),
        *mask_problems(row, sent.files),
        *(
            Complaint(field=name, problem=invalid_enum(_choices(schema["enum"]), sent.values[name]))
            for name, schema in row.wire.added.items()
            if sent.values.get(name, schema["default"]) not in schema["enum"]
        ),
    ]


def _choices(values: Iterable[str]) -> str:
    return " | ".join(f"'{value}'" for value in values)


def _unknown_parameters(
    row: type[Operation], given: Mapping[str, Any], added: Mapping[str, str]
) -> list[Complaint]:
    """Return problems with unknown parameters.

    Version 1 ignores them: the npm package `stability-ai` sends some.
    """
    if is_first_version(row.spec.path):
        return []
    known = frozenset().union(
        row.model_fields,
        added,
        row.wire.left_out,
    )
    unknown = [name for name in given if name not in known]
    return [Complaint(field=name[:80], problem="unrecognized key") for name in unknown]


def _conflicts(given: Mapping[str, Any], operation: Operation, sent: ParsedBody) -> list[Complaint]:
    """Return problems with parameters that conflict with others."""
    idle = [
        name
        for name in operation.not_sent()
        if name in sent.values and name not in operation.wire.idle
    ]
    added = operation.wire.added
    return [
        *(Complaint(field=name, problem="not allowed with these parameters") for name in idle),
        *(
            Complaint(field=name, problem=f"must be '{value}' with these parameters")
            for name, value in operation.added().items()
            if given.get(name, added[name]["default"]) != value
        ),
    ]


def _fields_of(error: ValidationError) -> set[object]:
    return {detail["loc"][0] for detail in error.errors() if detail["loc"]}


def _added(partly: Operation) -> Mapping[str, str]:
    """Return the parameters that follow from the fields; none if required fields are missing."""
    try:
        return partly.added()
    except AttributeError:
        return {}


def _refusal(
    row: type[Operation], known: Mapping[str, Any], complaints: list[Complaint]
) -> RefusalError:
    """Return the refusal; version 1 has a special message for unsupported sizes."""
    first = complaints[0]
    too_large = first.problem.startswith("must be less")  # the row's bound is the engine's limit
    if first.field in {"width", "height"} and (too_large or first.name == "bad_request"):
        sentence = SDXL_SENTENCE.format(width=known["width"], height=known["height"])
        complaints = [Complaint(field="", problem=sentence, name=SDXL_NAME)]
    return refusal_of(complaints, first_version=is_first_version(row.spec.path))
