"""From what was sent to an operation: every problem with it in one list, or the operation.

The table's row is the judge of values, its file marks are the judges of files. Where the wire
differs from the row, its `wire` says how.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError, create_model

from stability_emulator.content_filter import is_filtered
from stability_emulator.error_bodies import Complaint, complaints_of, invalid_enum, refusal_of
from stability_emulator.forms import Sent, Upload
from stability_emulator.responses import RefusalError, is_first_version
from stability_emulator.uploads import (
    SDXL_NAME,
    SDXL_SENTENCE,
    complaints_about,
    complaints_about_masks,
)
from stability_mcp.api.operation import Operation
from stability_mcp.api.wire_schema import SWITCH, defaults

CLIENT_HEADERS = ("stability-client-id", "stability-client-user-id", "stability-client-version")
MAX_CLIENT_CHARACTERS = 256


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A request that the API would carry out."""

    operation: Operation
    """Its file fields hold `upload:<sha256>`."""
    files: Mapping[str, Upload]
    filtered: bool = False
    """Whether the result is to be withheld: blurred, and charged all the same."""


def about_headers(headers: Mapping[str, str]) -> list[str]:
    """Complain about the headers that the second version documents a length of."""
    return [
        f"{name}: must be at most {MAX_CLIENT_CHARACTERS} long"
        for name in CLIENT_HEADERS
        if len(headers.get(name, "")) > MAX_CLIENT_CHARACTERS
    ]


def check(
    row: type[Operation],
    sent: Sent,
    place: Mapping[str, str],
    engines: frozenset[str],
    headers: Mapping[str, str],
) -> Checked:
    """Check a request; blocking, it reads files.

    Args:
        row: The operation that the path belongs to.
        sent: The parameters and files.
        place: The fields that are part of the path.
        engines: The engines that the first version knows.
        headers: The headers, by names in lower case.

    Raises:
        RefusalError: 400 with every problem, or 404 for an engine that does not exist.
    """
    if "engine_id" in place and place["engine_id"] not in engines:
        message = f"The specified engine (ID {place['engine_id'][:80]}) was not found."
        raise RefusalError(404, "not_found", message)
    given = _given(row, sent) | dict(place)
    idle = _idle(row, given)
    missing = _missing(row, given)
    complaints = [*_about_parts(row, sent), *_about_idle(row, given, idle), *missing]
    if not is_first_version(row.spec.path):
        complaints += [Complaint(field="", problem=each) for each in about_headers(headers)]
    unfit = {complaint.field for complaint in complaints} | idle
    known = {name: given[name] for name in given.keys() & row.model_fields if name not in unfit}
    try:
        operation = row.model_validate(known, strict=sent.typed)
    except ValidationError as error:
        found = complaints_of(error, row)
        broken = any(each.field for each in complaints)  # then a rule between fields may hold
        further = [
            each for each in found if each.field not in unfit and not (each.between and broken)
        ]
        partly = {name: value for name, value in known.items() if name not in _fields_of(error)}
        complaints += further + _about_strangers(row, given, _added(row.model_construct(**partly)))
        complaints = complaints or [Complaint(field="", problem=str(error))]
        raise _refusal(row, known, complaints) from None
    complaints += _about_strangers(row, given, operation.added())
    if not missing and not unfit & operation.added().keys():
        complaints += _about_company(given, operation, sent)
    if complaints:
        raise _refusal(row, known, complaints)
    return Checked(operation=operation, files=sent.files, filtered=is_filtered(operation))


def _given(row: type[Operation], sent: Sent) -> dict[str, Any]:
    files = {name: f"upload:{upload.sha256()}" for name, upload in sent.files.items()}
    # A blank is as empty as nothing, and long enough for the row.
    empty = {name: " " for name in row.wire.may_be_empty if sent.values.get(name) == ""}
    return defaults(row) | dict(sent.values) | empty | files


def _missing(row: type[Operation], given: Mapping[str, Any]) -> list[Complaint]:
    """Complain about parameters that other ones make mandatory."""
    there = {*given, *(f"{name}={value}" for name, value in given.items())}
    needed = row.wire.requires
    names = [name for given_one, names in needed.items() if given_one in there for name in names]
    return [
        Complaint(field=name, problem="required")
        for name in dict.fromkeys(names)
        if name not in given
    ]


def _idle(row: type[Operation], given: Mapping[str, Any]) -> frozenset[str]:
    """Return the parameters that the API takes and that have no effect in this request."""
    names = row.wire.idle & given.keys()
    return names & row.model_construct(**given).not_sent() if names else names


def _about_idle(
    row: type[Operation], given: Mapping[str, Any], idle: frozenset[str]
) -> list[Complaint]:
    """Complain about parameters that would be wrong also if they had an effect."""
    fields = {name: (field.annotation, field) for name, field in row.model_fields.items()}
    alone = create_model("Idle", **{name: fields[name] for name in idle})  # type: ignore[call-overload]  # by name
    try:
        alone.model_validate({name: given[name] for name in idle})
    except ValidationError as error:
        return complaints_of(error, row)
    return []


def _about_parts(row: type[Operation], sent: Sent) -> list[Complaint]:
    """Complain about files where texts belong, the other way round, and about the files."""
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
            for complaint in complaints_about(name, sent.files[name], mark)
        ),
        *complaints_about_masks(row, sent.files),
        *(
            Complaint(field=name, problem=invalid_enum(_choices(schema["enum"]), sent.values[name]))
            for name, schema in row.wire.added.items()
            if sent.values.get(name, schema["default"]) not in schema["enum"]
        ),
    ]


def _choices(values: Iterable[str]) -> str:
    return " | ".join(f"'{value}'" for value in values)


def _about_strangers(
    row: type[Operation], given: Mapping[str, Any], added: Mapping[str, str]
) -> list[Complaint]:
    """Complain about parameters that do not exist.

    Version 1 takes no notice of them: the npm package `stability-ai` sends it some.
    """
    if is_first_version(row.spec.path):
        return []
    taken = frozenset().union(
        row.model_fields,
        added,
        row.wire.left_out,
    )
    strangers = [name for name in given if name not in taken]
    return [Complaint(field=name[:80], problem="unrecognized key") for name in strangers]


def _about_company(given: Mapping[str, Any], operation: Operation, sent: Sent) -> list[Complaint]:
    """Complain about parameters that do not go with the others."""
    idle = [
        name
        for name in operation.not_sent()
        if name in sent.values and name not in operation.wire.idle
    ]
    beside = operation.wire.added
    return [
        *(Complaint(field=name, problem="not allowed with these parameters") for name in idle),
        *(
            Complaint(field=name, problem=f"must be '{value}' with these parameters")
            for name, value in operation.added().items()
            if given.get(name, beside[name]["default"]) != value
        ),
    ]


def _fields_of(error: ValidationError) -> set[object]:
    return {detail["loc"][0] for detail in error.errors() if detail["loc"]}


def _added(partly: Operation) -> Mapping[str, str]:
    """Return what a row would add, as far as an incomplete request tells."""
    try:
        return partly.added()
    except AttributeError:
        return {}


def _refusal(
    row: type[Operation], known: Mapping[str, Any], complaints: list[Complaint]
) -> RefusalError:
    """Return the refusal; the first version has a sentence of its own for a size it cannot make."""
    first = complaints[0]
    too_large = first.problem.startswith("must be less")  # the row's bound is the engine's
    if first.field in {"width", "height"} and (too_large or first.name == "bad_request"):
        sentence = SDXL_SENTENCE.format(width=known["width"], height=known["height"])
        complaints = [Complaint(field="", problem=sentence, name=SDXL_NAME)]
    return refusal_of(complaints, first_version=is_first_version(row.spec.path))
