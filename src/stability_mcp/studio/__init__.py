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

from importlib import import_module
from typing import TYPE_CHECKING

from stability_mcp.figures.report import Figures
from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.models import Call, JobFilter, JobPage, JobRecord
from stability_mcp.jobs.progress import Progress, describe_call
from stability_mcp.jobs.transactions.call_keys import PAGE_CLIENT
from stability_mcp.jobs.transactions.cancel import CancelledJob, CancelOutcome
from stability_mcp.jobs.transactions.reuse import CacheStatistics
from stability_mcp.jobs.transactions.usage import LedgerBy, LedgerLine, LedgerQuery, RateStatus
from stability_mcp.maintenance.retention import Retention, Swept
from stability_mcp.media.ancestry import Step
from stability_mcp.media.folders import FolderPage, FolderQuery, ListedFile
from stability_mcp.media.items import KINDS, MediaItem, prompt_of
from stability_mcp.media.library import Page
from stability_mcp.media.newest_files import short_path
from stability_mcp.media.phrase_lookup import Sheet
from stability_mcp.media.preview import picture_problem
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
from stability_mcp.notify.webhooks import DeliveryRecord
from stability_mcp.policy.audit import Entry
from stability_mcp.policy.confirmation import Answer, Confirm, Question, Quote
from stability_mcp.policy.idempotency import CallKey
from stability_mcp.policy.spend_limits import (
    MAX_CREDITS,
    LimitWish,
    NeedsUserError,
    SpendLimit,
    SpendScope,
)
from stability_mcp.store.disk import MIN_FREE_BYTES, is_full
from stability_mcp.studio.alternatives import Alternative
from stability_mcp.studio.calling import CallOptions
from stability_mcp.studio.defaults import Defaults
from stability_mcp.studio.links import PaintLink, ViewLink
from stability_mcp.studio.local_pages import ViewFacts, media_file_name, served_type
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
    operation_named,
    paid_operation,
    price_of,
)
from stability_mcp.studio.received_files import IncomingFile, shown_name
from stability_mcp.studio.studio import Studio
from stability_mcp.studio.uploads import MAX_FILES as MAX_UPLOAD_FILES
from stability_mcp.studio.uploads import (
    InterruptedUploadError,
    Upload,
    UploadedFile,
    refused_line,
)

if TYPE_CHECKING:
    from stability_mcp.notify.posting import Attempt
    from stability_mcp.notify.targets import send_test, target_of
    from stability_mcp.notify.webhooks import (
        EVENT_TYPES,
        DeliveryPage,
        DeliveryRecord,
        EventType,
    )
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
    from stability_mcp.studio.defaults_file import read_defaults
    from stability_mcp.studio.response_times import ResponseTime
    from stability_mcp.studio.webhook_actions import Webhook, WebhookTest

__all__ = [
    "EVENT_TYPES",
    "KINDS",
    "MAX_CREDITS",
    "MAX_TAGS",
    "MAX_UPLOAD_BYTES",
    "MAX_UPLOAD_FILES",
    "MIN_FREE_BYTES",
    "PAGE_CLIENT",
    "UPLOAD_OFFER",
    "Alternative",
    "Answer",
    "Attempt",
    "BackupTarget",
    "CacheStatistics",
    "Call",
    "CallKey",
    "CallOptions",
    "CancelOutcome",
    "CancelledJob",
    "Confirm",
    "Defaults",
    "DeletedMedia",
    "DeliveryPage",
    "DeliveryRecord",
    "Entry",
    "Estimate",
    "EventType",
    "Figures",
    "Finding",
    "FolderPage",
    "FolderQuery",
    "History",
    "IncomingFile",
    "InterruptedUploadError",
    "JobFilter",
    "JobOrigin",
    "JobPage",
    "JobRecord",
    "Keep",
    "LedgerBy",
    "LedgerLine",
    "LedgerQuery",
    "LimitWish",
    "ListedFile",
    "Manifest",
    "MediaItem",
    "MediaOrigin",
    "NamedFolders",
    "NeedsUserError",
    "Outcome",
    "Page",
    "PaintLink",
    "Plan",
    "Price",
    "Progress",
    "Question",
    "Quote",
    "RateStatus",
    "ResponseTime",
    "Restored",
    "Retention",
    "Scope",
    "Sheet",
    "SpendLimit",
    "SpendScope",
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
    "Webhook",
    "WebhookTest",
    "Workspace",
    "WorkspaceSource",
    "back_up",
    "charge_text",
    "check_workspace",
    "describe_call",
    "is_full",
    "known_operation",
    "media_file_name",
    "names_text",
    "open_for_check",
    "open_studio",
    "operation_named",
    "paid_operation",
    "picture_problem",
    "price_of",
    "prompt_of",
    "prompt_text",
    "read_defaults",
    "refused_line",
    "restore",
    "results_text",
    "send_test",
    "served_type",
    "short_path",
    "shown_name",
    "store_in",
    "target_of",
]

_LATE = {
    **dict.fromkeys(
        (
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
        ),
        "stability_mcp.studio.check",
    ),
    "Attempt": "stability_mcp.notify.posting",
    "DeliveryPage": "stability_mcp.notify.webhooks",
    "EVENT_TYPES": "stability_mcp.notify.webhooks",
    "EventType": "stability_mcp.notify.webhooks",
    "DeliveryRecord": "stability_mcp.notify.webhooks",
    "Webhook": "stability_mcp.studio.webhook_actions",
    "WebhookTest": "stability_mcp.studio.webhook_actions",
    "ResponseTime": "stability_mcp.studio.response_times",
    "read_defaults": "stability_mcp.studio.defaults_file",
    "send_test": "stability_mcp.notify.targets",
    "target_of": "stability_mcp.notify.targets",
}
"""Modules of names that few processes need: imported on first use, so that no call waits."""


def __getattr__(name: str) -> object:
    """Import a name in `_LATE` on first use."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)
