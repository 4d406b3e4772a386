"""Facts for MCP clients: tools by toolset, resources, prompts, completions, capabilities."""

import json
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.types import PromptReference, ResourceTemplateReference, TextResourceContents, Tool

from compat.facts import Facts, json_facts, path, property_facts, schema_facts
from support.server.in_memory import connected

TOOLSETS = (
    *("all", "default", "generate", "edit", "upscale", "control", "model3d"),
    *("audio2", "audio3", "v1", "account", "jobs", "media", "expert"),
)
"""Values of STABILITY_TOOLSETS in the snapshot."""

TEMPLATES_COMPLETED = (
    ("media://{id}", "id"),
    ("media://{id}/original", "id"),
    ("job://{id}", "id"),
    ("stability://guide/{topic}", "topic"),
)
PAGES = ("stability://operations", "stability://styles", "job://{id}")
"""Resources with JSON content."""


async def toolset_facts(folder: Path) -> Facts:
    """Return the tools of every toolset."""
    found: Facts = {}
    for name in TOOLSETS:
        async with connected(folder, toolsets=(name,)) as client:
            tools = (await client.list_tools()).tools
        found |= {path("toolsets", name, each.name): "tool" for each in tools}
    return found


async def protocol_facts(client: Client, job: str) -> Facts:
    """Return the facts of a connected server with all toolsets enabled.

    Args:
        client: The client of a server that has stored media.
        job: The id of a job that is done.
    """
    about = client.server_info
    found: Facts = {path("server", "name"): about.name if about else None}
    capabilities = client.server_capabilities.model_dump(by_alias=True, exclude_none=True)
    extensions = capabilities.pop("extensions", {})
    for name, options in {**capabilities, **extensions}.items():
        found[path("server", "capabilities", name)] = options
    for tool in (await client.list_tools()).tools:
        found |= _tool_facts(tool)
    for prompt in (await client.list_prompts()).prompts:
        found[path("prompts", prompt.name)] = "prompt"
        for argument in prompt.arguments or ():
            found[path("prompts", prompt.name, argument.name)] = {"needed": argument.required}
    return found | await _resource_facts(client, job) | await _completion_facts(client)


def _tool_facts(tool: Tool) -> Facts:
    where = path("tools", tool.name)
    arguments, output = path(where, "arguments"), path(where, "output")
    found: Facts = {where: "tool"}
    annotations = tool.annotations.model_dump(by_alias=True) if tool.annotations else {}
    for name, value in annotations.items():
        if name != "title" and value is not None:
            found[path(where, "annotations", name)] = value
    found |= schema_facts(arguments, tool.input_schema)
    if tool.output_schema:
        found[output] = tool.output_schema["type"]
        found |= property_facts(output, tool.output_schema)
    # Callers never give the keys of an answer, so "needed" means that a key is always present.
    return {
        name: _always(value) if name.startswith(output) else value for name, value in found.items()
    }


def _always(value: Any) -> Any:  # noqa: ANN401 -- a fact is JSON of any shape
    if not isinstance(value, dict):
        return value
    return {"always" if name == "needed" else name: each for name, each in value.items()}


async def _resource_facts(client: Client, job: str) -> Facts:
    found: Facts = {}
    for each in (await client.list_resources()).resources:
        if not each.uri.startswith("job://"):
            found[path("resources", each.uri)] = {"type": each.mime_type, "listed": True}
    for template in (await client.list_resource_templates()).resource_templates:
        found[path("resources", template.uri_template)] = {"type": template.mime_type}
    for uri in PAGES:
        [content] = (await client.read_resource(uri.format(id=job))).contents
        assert isinstance(content, TextResourceContents)
        found |= json_facts(path("resources", uri, "content"), [json.loads(content.text)])
    return found


async def _completion_facts(client: Client) -> Facts:
    found: Facts = {}
    asked: list[tuple[str, str, PromptReference | ResourceTemplateReference]] = [
        (uri, name, ResourceTemplateReference(uri=uri)) for uri, name in TEMPLATES_COMPLETED
    ]
    asked.append(("edit_picture", "image", PromptReference(name="edit_picture")))
    for owner, name, reference in asked:
        answer = await client.complete(reference, {"name": name, "value": ""})
        values = answer.completion.values
        if values:
            found[path("completions", owner, name)] = "completed"
        if name == "topic":
            found |= {path("completions", owner, name, value): "value" for value in values}
    return found
