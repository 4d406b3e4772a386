"""Puts the texts of errors into words of REST: routes to call, where a text names tools.

Names of operations stay, as plans and lists use them here too.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.rest.operation_paths import operation_path
from stability_mcp.rest.route import PREFIX

ROUTES: Mapping[str, str] = MappingProxyType(
    {
        **{
            name: f"{row.spec.method} {operation_path(row)}"
            for name, row in OPERATIONS.items()
            if not row.is_paid()
        },
        "cost_estimate": "GET /admin/costs/estimate",
        "job_cancel": "DELETE /jobs/{id}",
        "job_list": "GET /jobs",
        "job_rerun": "POST /jobs/{id}/rerun",
        "job_wait": "GET /results/{generation_id}",
        "media_delete": "DELETE /media/{id}",
        "media_import": "POST /media",
        "media_inspect": "POST /utils/image-info",
        "media_label": "PATCH /media/{id}",
        "media_list": "GET /media",
        "media_show": "GET /media/{id}",
        "server_status": "GET /admin/health/detailed",
        "usage_report": "GET /usage",
        "workflow_plan": "POST /workflows/plan",
        "workflow_run": "POST /workflows/run",
        "workflow_templates": "GET /admin/workflows/templates",
    }
)
"""The route that does what a tool does, below the prefix."""

PHRASES: Mapping[str, str] = MappingProxyType(
    {
        "a label, URI or path": "a file, or the id, label, URI or https:// address of media",
        "label, URI or path": "a file, or the id, label, URI or https:// address of media",
        "one file (label, media:// URI or path)": "one file, or the id, label or URI of media",
        "call the tool again": "send the request again",
        "Call the tool again": "Send the request again",
    }
)
"""Phrases that would mislead here: paths of the server are never read."""

_JOB = re.compile(r'job_wait (?:with|and) jobs \["(\w+)"\]')
_TOOL = re.compile(rf'(?<![\w"/])({"|".join(ROUTES)})(?![\w":])')
"""A tool as a word of its own; what the caller sent is in quotes, and a tool before a colon says
where the mistake is."""


def in_rest_words(text: str) -> str:
    """Return a text of an error as a REST client can follow it."""
    for phrase, ours in PHRASES.items():
        text = text.replace(phrase, ours)
    text = _JOB.sub(rf"GET {PREFIX}/results/\1", text)
    return _TOOL.sub(lambda found: _full(ROUTES[found[1]]), text)


def _full(route: str) -> str:
    method, _, path = route.partition(" ")
    return f"{method} {PREFIX}{path}"
