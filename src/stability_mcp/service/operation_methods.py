"""The methods of `StabilityStudio`, made from the operation table.

A new operation needs no code here. Type checkers read `operation_methods.pyi`, which
`make schemas` derives from the same signatures.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.studio import Outcome, Studio

WAIT_SECONDS = 600.0
"""How long a method waits for its result by default: several times the slowest operation, so a call
returns running jobs only when the API is in trouble. *Chosen*"""

Method = Callable[..., Coroutine[Any, Any, Outcome | BaseModel]]


class OperationMethods:
    """Base of `StabilityStudio`: a method for each row of the table."""

    @property
    def studio(self) -> Studio:
        """Return the open studio."""
        raise NotImplementedError


def signature(row: type[Operation]) -> Signature:
    """Return the signature of an operation's method.

    A default that depends on other arguments is shown as None.
    """
    hints = get_type_hints(row)  # without the pydantic marks
    fields = sorted(row.model_fields.items(), key=lambda each: not each[1].is_required())
    parameters = [Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)]
    parameters += [_parameter(name, field, hints[name]) for name, field in fields]
    if row.is_paid():
        parameters.append(_keyword("label", str | None, None))
        if row.takes_count():
            parameters.append(_keyword("count", int, 1))
        parameters.append(_keyword("wait", float, WAIT_SECONDS))
    result = row.result if issubclass(row, Query) else Outcome
    return Signature(parameters, return_annotation=result)


def _parameter(name: str, field: FieldInfo, hint: Any) -> Parameter:  # noqa: ANN401 -- a type hint
    items = get_args(hint)
    if items and isinstance(items[0], type) and issubclass(items[0], BaseModel):
        hint = Sequence[Mapping[str, object]]
    if field.is_required():
        return _keyword(name, hint, Parameter.empty)
    if field.default_factory is not None:
        return _keyword(name, hint | None, None)
    return _keyword(name, hint, field.default)


def _keyword(name: str, hint: object, default: object) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _method(row: type[Operation]) -> Method:
    name = row.name()

    async def call(self: OperationMethods, **arguments: Any) -> Outcome | BaseModel:  # noqa: ANN401 -- the table has the types
        if issubclass(row, Query):
            return await self.studio.query(name, arguments)
        label, count = arguments.pop("label", None), arguments.pop("count", 1)
        wait = arguments.pop("wait", WAIT_SECONDS)
        return await self.studio.call(name, arguments, label=label, count=count, wait=wait)

    shown = signature(row)
    call.__name__, call.__qualname__ = name, f"StabilityStudio.{name}"
    call.__doc__ = _docstring(row)
    call.__signature__ = shown  # read by inspect, IDEs and help()
    call.__annotations__ = {
        **{each.name: each.annotation for each in list(shown.parameters.values())[1:]},
        "return": shown.return_annotation,
    }
    return call


def _docstring(row: type[Operation]) -> str:
    paragraphs = [row.summary(), row.guidance()]
    if row.is_paid():
        paragraphs.append(
            "`label` names the result. After `wait` seconds the outcome is returned while its jobs "
            "continue. Without a value, None stands for the operation's own default."
        )
    if row.file_fields():
        paragraphs.append(
            f"{' and '.join(row.file_fields())}: a media URI, id, label, path, data: URI or https "
            "link."
        )
    return "\n\n".join(filter(None, paragraphs))


for _row in OPERATIONS.values():
    setattr(OperationMethods, _row.name(), _method(_row))
