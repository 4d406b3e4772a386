"""The settings in force, and what they switch on: read only, as the operator sets them."""

from typing import Annotated

from pydantic import Field
from starlette.responses import JSONResponse, Response

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.errors import NotFoundError
from stability_mcp.rest.request_problems import RequestProblemError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.server.features import Feature, features
from stability_mcp.server.tool import Data
from stability_mcp.studio.settings_in_force import SettingInForce, settings_in_force
from stability_mcp.text import did_you_mean, quoted

CONFIG_FILE = "stability-mcp-config.json"
"""Name of the exported settings."""


class SettingFacts(Data):
    """A setting."""

    name: str
    """The environment variable."""
    set: bool
    """Whether it has a value, its default included."""
    value: str | None = None
    """As one would type it; absent for secrets, and for paths and commands of the server."""
    origin: str
    """flag, environment, keyring or default."""

    @classmethod
    def of(cls, found: SettingInForce) -> "SettingFacts":
        """Return a setting as JSON."""
        return cls(
            name=found.name,
            set=found.value is not None,
            value=None if found.is_hidden else found.value,
            origin=found.origin,
        )


class Config(Data):
    """The settings in force."""

    settings: list[SettingFacts]
    """In the order of docs/settings.md."""
    notices: list[str]
    """Settings that count as not set or are ignored, and why."""


@route("GET", "/admin/config", tag="admin")
async def admin_config(call: RestCall, arguments: None) -> Config:  # noqa: ARG001 -- every route takes both
    """List the settings in force; secrets only as set or not set."""
    return Config(
        settings=[SettingFacts.of(each) for each in settings_in_force(call.settings)],
        notices=list(call.settings.notices),
    )


@route("GET", "/admin/export/config", tag="admin")
async def admin_export_config(call: RestCall, arguments: None) -> Response:  # noqa: ARG001 -- every route takes both
    """Download the settings in force as JSON, by environment variable; secrets are left out."""
    found = settings_in_force(call.settings)
    return JSONResponse(
        {each.name: each.value for each in found if each.value and not each.is_hidden},
        headers={"content-disposition": f'attachment; filename="{CONFIG_FILE}"'},
    )


class FeatureFacts(Data):
    """Something that a setting switches on or off."""

    name: str
    on: bool
    setting: str
    """The environment variable that decides it."""
    about: str

    @classmethod
    def of(cls, found: Feature) -> "FeatureFacts":
        """Return a feature as JSON."""
        return cls(name=found.name, on=found.is_on, setting=found.setting, about=found.about)


class Features(Data):
    """What the settings switch on and off."""

    features: list[FeatureFacts]


@route("GET", "/admin/features", tag="admin")
async def admin_features(call: RestCall, arguments: None) -> Features:  # noqa: ARG001 -- every route takes both
    """List what the settings switch on and off, with the setting that decides it."""
    return Features(features=[FeatureFacts.of(each) for each in features(call.settings)])


class FeatureName(Arguments):
    """Which feature."""

    feature_name: Annotated[str, Field(min_length=1)]
    """A name in the list of features."""


@route(
    "POST",
    "/admin/features/{feature_name}/toggle",
    tag="admin",
    access="token",
    answer="refusal",
    statuses=(409,),
)
async def admin_toggle_feature(call: RestCall, arguments: FeatureName) -> None:
    """Refuse to switch a feature, which only the settings do."""
    known = {each.name: each for each in features(call.settings)}
    found = known.get(arguments.feature_name)
    if found is None:
        raise NotFoundError(
            f"There is no feature {quoted(arguments.feature_name)}.",
            hint=did_you_mean(arguments.feature_name, known)
            or "GET /api/stability/admin/features lists all.",
        )
    raise RequestProblemError(
        409,
        "set_by_configuration",
        f"{quoted(found.name)} is {'on' if found.is_on else 'off'}, as {found.setting} decides. "
        f"Nothing was changed. To change it, set {found.setting} and restart the server.",
    )
