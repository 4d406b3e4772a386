"""The studio: joins store, media, client and jobs into one object for every face.

A face (MCP server, command line, Python program) names an operation and its arguments; the studio
validates them, prepares the files, runs the job and returns the outcome. Read `studio` first, then
`calling`. The path of a call:

`Studio.call` -> `calling.run` -> `api.parsing.parse` -> `media.inputs.prepare_inputs` ->
`permissions.check` (nothing is reserved before this) -> `Jobs.submit`, with
`jobs.transactions.submit` (budget and rows) -> `jobs.scheduler` -> `jobs.executor` ->
`jobs.steps.send` -> `Client.exchange` -> HTTP -> `jobs.steps.store_result` -> `calling.collect`
returns an `Outcome`. If the wait ends earlier, the jobs in the outcome are still running.
docs/architecture.md has the path with every file.

Faces import nothing below this package, so the types that they name are re-exported here.
"""

from typing import TYPE_CHECKING

from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.models import Call, JobFilter, JobPage, JobRecord
from stability_mcp.jobs.progress import Progress, describe_call
from stability_mcp.jobs.transactions.cancel import CancelledJob, CancelOutcome
from stability_mcp.jobs.transactions.reuse import CacheStatistics
from stability_mcp.jobs.transactions.usage import LedgerBy, LedgerLine, RateStatus
from stability_mcp.maintenance.retention import Retention, Swept
from stability_mcp.media.ancestry import Step
from stability_mcp.media.folders import FolderPage, FolderQuery, ListedFile
from stability_mcp.media.items import MediaItem, prompt_of
from stability_mcp.media.library import Page
from stability_mcp.media.newest_files import short_path
from stability_mcp.media.phrase_lookup import Sheet
from stability_mcp.media.references import UPLOAD_OFFER
from stability_mcp.media.roots import MAX_BYTES as MAX_UPLOAD_BYTES
from stability_mcp.media.scopes import Scope
from stability_mcp.media.tags import MAX_TAGS
from stability_mcp.media.workspace import (
    NamedFolders,
    Workspace,
    WorkspaceSource,
    check_workspace,
)
from stability_mcp.policy.audit import Entry
from stability_mcp.policy.confirmation import Answer, Confirm, Question, Quote
from stability_mcp.store.disk import MIN_FREE_BYTES
from stability_mcp.studio.calling import CallOptions
from stability_mcp.studio.links import ViewLink
from stability_mcp.studio.local_pages import ViewFacts
from stability_mcp.studio.media_actions import DeletedMedia, History
from stability_mcp.studio.open import open_studio
from stability_mcp.studio.origins import (
    JobOrigin,
    MediaOrigin,
    charge_text,
    names_text,
    prompt_text,
    results_text,
)
from stability_mcp.studio.outcomes import (
    Estimate,
    Outcome,
    Price,
    Status,
    known_operation,
    paid_operation,
    price_of,
)
from stability_mcp.studio.studio import Studio
from stability_mcp.studio.uploads import MAX_FILES as MAX_UPLOAD_FILES
from stability_mcp.studio.uploads import (
    InterruptedUploadError,
    Upload,
    UploadedFile,
    refused_line,
    shown_name,
)

if TYPE_CHECKING:
    from stability_mcp.studio.check import (
        BackupTarget,
        Finding,
        Keep,
        Manifest,
        Plan,
        Restored,
        StoreCheck,
        StoreTools,
        back_up,
        open_for_check,
        restore,
        store_in,
    )

__all__ = [
    "MAX_TAGS",
    "MAX_UPLOAD_BYTES",
    "MAX_UPLOAD_FILES",
    "MIN_FREE_BYTES",
    "UPLOAD_OFFER",
    "Answer",
    "BackupTarget",
    "CacheStatistics",
    "Call",
    "CallOptions",
    "CancelOutcome",
    "CancelledJob",
    "Confirm",
    "DeletedMedia",
    "Entry",
    "Estimate",
    "Finding",
    "FolderPage",
    "FolderQuery",
    "History",
    "InterruptedUploadError",
    "JobFilter",
    "JobOrigin",
    "JobPage",
    "JobRecord",
    "Keep",
    "LedgerBy",
    "LedgerLine",
    "ListedFile",
    "Manifest",
    "MediaItem",
    "MediaOrigin",
    "NamedFolders",
    "Outcome",
    "Page",
    "Plan",
    "Price",
    "Progress",
    "Question",
    "Quote",
    "RateStatus",
    "Restored",
    "Retention",
    "Scope",
    "Sheet",
    "Spending",
    "Status",
    "Step",
    "StoreCheck",
    "StoreTools",
    "Studio",
    "Swept",
    "Upload",
    "UploadedFile",
    "ViewFacts",
    "ViewLink",
    "Workspace",
    "WorkspaceSource",
    "back_up",
    "charge_text",
    "check_workspace",
    "describe_call",
    "known_operation",
    "names_text",
    "open_for_check",
    "open_studio",
    "paid_operation",
    "price_of",
    "prompt_of",
    "prompt_text",
    "refused_line",
    "restore",
    "results_text",
    "short_path",
    "shown_name",
    "store_in",
]

_OF_CHECK = (
    "BackupTarget",
    "Finding",
    "Keep",
    "Manifest",
    "Plan",
    "Restored",
    "StoreCheck",
    "StoreTools",
    "back_up",
    "open_for_check",
    "restore",
    "store_in",
)


def __getattr__(name: str) -> object:
    """Import names that only commands about the store need on first use: no call waits for them."""
    if name not in _OF_CHECK:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from stability_mcp.studio import check

    return getattr(check, name)
