"""Prepares a paid call: parses its arguments, gets its files ready and names its results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from stability_mcp.api.parsing import parse
from stability_mcp.api.prompt_notes import prompt_notes
from stability_mcp.jobs.transactions.call_keys import CallRequest
from stability_mcp.media.inputs import PreparedInputs, prepare_inputs
from stability_mcp.media.labels import NameSource, default_label, edited_item, parse_label
from stability_mcp.studio.outcomes import check_count, paid_operation
from stability_mcp.studio.result_size import check_result_size
from stability_mcp.studio.runtime import StudioParts


class PreparingOptions(Protocol):
    """The options that matter before a call is written."""

    @property
    def label(self) -> str | None:
        """Name of the result; None: derived from the prompt or the input."""
        ...

    @property
    def count(self) -> int:
        """Number of variants."""
        ...

    @property
    def allow_smaller(self) -> bool:
        """Whether an upscaler may return fewer pixels than the picture has."""
        ...


@dataclass(frozen=True, kw_only=True)
class PreparedCall:
    """A call that can be written."""

    tool: str
    inputs: PreparedInputs
    count: int
    label: str
    source: NameSource
    """Where the label comes from."""
    notes: tuple[str, ...]
    """Lines for the answer."""

    def request(self, parts: StudioParts) -> CallRequest:
        """Return the request that `Jobs.submit` takes."""
        return CallRequest(
            account=parts.account,
            tool=self.tool,
            operation=self.inputs.operation,
            count=self.count,
            labels=[self.label] * self.count,
            numbered=self.count > 1,
            label_source=self.source,
            output_dir=parts.settings.copies_dir,
            inputs={file: item.id for file, item in self.inputs.files.items()},
            spend_scope=parts.spend_scope,
            client_name=parts.client_name,
        )


async def prepare_call(
    parts: StudioParts, name: str, arguments: Mapping[str, object], options: PreparingOptions
) -> PreparedCall:
    """Parse and prepare a call; nothing is written but imported files.

    Args:
        parts: The parts of the studio.
        name: Name of the operation.
        arguments: Its fields; files by any reference.
        options: Options of the call.

    Raises:
        StudioError: the call can't be made; see `prepare_inputs` and `check_result_size`.
    """
    operation = parse(paid_operation(name), arguments)
    check_count(type(operation), options.count)
    limit = parts.settings.max_file_size
    prepared = await prepare_inputs(operation, parts.importer, max_file_size=limit)
    sizes = check_result_size(prepared, allow_smaller=options.allow_smaller)
    label, source = await _label(parts, prepared, options.label)
    return PreparedCall(
        tool=name,
        inputs=prepared,
        count=options.count,
        label=label,
        source=source,
        notes=(*prepared.notes, *sizes, *prompt_notes(prepared.operation)),
    )


async def _label(
    parts: StudioParts, prepared: PreparedInputs, label: str | None
) -> tuple[str, NameSource]:
    """Return the label of a call's results, and where it comes from.

    Without one, a result gets the root of the item that it was made from, or words of the prompt.
    """
    if label is not None:
        return parse_label(label).text, NameSource.CALLER
    edited = edited_item(prepared.operation, prepared.sources)
    root = await parts.media.root_of(edited) if edited is not None else None
    if root is not None:
        return root, NameSource.PARENT
    return default_label(prepared.operation), NameSource.CONTENT
