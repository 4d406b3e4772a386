"""Reads the settings from the environment once, at startup, into one frozen object.

Every variable is `STABILITY_` plus the field name in capitals; a command-line flag of the same name
takes precedence. Nothing is read on import.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails

from stability_mcp.done_target import check_secret, read_target
from stability_mcp.errors import ConfigurationError
from stability_mcp.setting_types import (
    NONE_WORDS,
    CreditsOrNone,
    Names,
    Paths,
    Rate,
    SizeOrNone,
    none_word,
)
from stability_mcp.setting_values import (
    COMMAND,
    KEY,
    NOTHING_GIVEN,
    SECRETS,
    SIGNING,
    Given,
    find_given,
    unquoted,
    variable,
)
from stability_mcp.stored_key import is_marked, read_key
from stability_mcp.text import quoted

API_URL = "https://api.stability.ai"
KEYS_URL = "https://platform.stability.ai/account/keys"
CREDITS_URL = "https://platform.stability.ai/account/credits"
FREE_CREDITS = 25
"""Credits that a new account starts with (documented)."""

EMULATED_FOLDER = "emulator"
"""Subfolder of the data folder with the emulator's store."""

_HOST = re.compile(r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
_ORIGIN = re.compile(rf"[a-z][a-z0-9+.-]*://{_HOST.pattern}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")
_DEFAULT_PORT = re.compile(r"^(http://.*):80$|^(https://.*):443$")


Origin = Literal["flag", "environment", "keyring", "default"]
"""Where the value of a setting comes from."""


class Settings(BaseModel):
    """The settings an operator can choose."""

    # No pydantic-settings and no descriptions from docstrings: together they take an eighth of the
    # server's start time, and the host waits for every start.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    _given: Given = PrivateAttr(default=NOTHING_GIVEN)

    api_key: SecretStr | None = None
    """API key of the Stability account; without one, everything runs on the built-in emulator."""
    organization: str | None = None
    """Id of the organization that pays for v1 requests; default: the key's own."""
    base_url: str = API_URL
    """Base URL of the API."""
    timeout: Annotated[float, Field(gt=0, le=3_600)] = 300
    """Timeout of one request, in seconds; the API takes up to a minute to start answering."""
    max_retries: Annotated[int, Field(ge=0, le=20)] = 3
    """Retries for requests known not to have been charged."""
    max_file_size: Annotated[int, Field(ge=10_000, le=10_485_760)] = 10_485_760
    """Maximum size of a request with pictures, in bytes; the API accepts up to 10 MiB."""
    rate: Rate = (150, 10.0)
    """Rate limit over all processes, as requests/seconds; default: the API's own limit."""
    concurrency: Annotated[int, Field(ge=1, le=1_000)] = 120
    """Maximum paid requests in flight in this process."""
    home: Path | None = None
    """Folder for database, media and locks; default: the platform's data folder."""
    output_dir: Annotated[Path | None, BeforeValidator(none_word)] = Path()
    """Folder for readable copies; `none`: no copies; default: Pictures/Stability."""
    roots: Paths = ()
    """Additional folders to read files from, separated like PATH."""
    roots_only: bool = False
    """Read files only from `roots`, not from a client's workspace folders either."""
    toolsets: Names = ("default",)
    """Toolsets to offer, separated by commas: names, `basic` (small list), `default` or `all`."""
    preview: Literal["none", "small", "large"] = "small"
    """Size of previews in answers: none, 768 px or 1024 px."""
    preview_format: Literal["webp", "jpeg"] = "webp"
    """Format of previews."""
    wait: Annotated[float, Field(ge=0, le=300)] | None = None
    """Seconds before a call returns a job id; default: 40 on stdio, 25 on HTTP."""
    view: Literal["auto", "on", "off"] = "auto"
    """Local pages for the user; `auto`: where the user's browser can open them."""
    apps: Literal["tools", "all", "off"] = "tools"
    """Interactive pages in hosts that support MCP Apps; `all`: for paid tools too."""
    cache: Literal["on", "off"] = "on"
    """Answer a call that would repeat an earlier result from the cache, at no cost."""
    budget: CreditsOrNone = 500
    """Daily budget in credits, with a real key; `none`: unlimited."""
    confirm_above: CreditsOrNone = 25
    """Calls of this many credits or more need the user's approval, with a real key; `never`."""
    low_balance: CreditsOrNone = 25
    """Answers warn when fewer credits are left, with a real key; `never`."""
    blocked_terms: Path | None = None
    """File of terms that block a prompt, one per line."""
    warn_terms: Path | None = None
    """File of terms that flag a prompt but don't block it, one per line."""
    metadata: Literal["full", "minimal", "off"] = "full"
    """How much provenance is written into a readable copy."""
    on_done: Annotated[SecretStr | None, BeforeValidator(none_word)] = None
    """Webhook URL or command to call when a job ends; never shown, as it may contain a secret."""
    on_done_secret: SecretStr | None = None
    """Secret that signs webhooks: `whsec_` and 24 to 64 bytes in base64."""
    keep_days: Annotated[float | None, Field(gt=0, le=36_500), BeforeValidator(none_word)] = None
    """Days after which ended jobs and their media are removed; `never`: kept for good."""
    keep_bytes: SizeOrNone = None
    """Size of the stored media above which the oldest are removed, such as `20GB`; or `never`."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"
    """Lowest level that is logged to stderr."""
    log_format: Literal["text", "json"] = "text"
    """Format of log lines."""
    hosts: Names = ()
    """Further names under which HTTP clients reach this machine, such as `host.docker.internal`,
    separated by commas; a token is then always required."""
    defaults: Path | None = None
    """File of default arguments per tool, as YAML or JSON."""
    cors_origins: Names = ()
    """Web origins whose pages may use the HTTP server, such as `https://app.example.com`."""
    rest_wait: Annotated[float, Field(ge=0, le=600)] = 120
    """Seconds before a REST request answers 202 with links instead of the result."""
    client_rate: Rate = (150, 10.0)
    """Requests that an HTTP client may send per seconds, such as `150/10`; more lock it out."""
    client_lockout: Annotated[float, Field(ge=0, le=3_600)] = 60
    """Seconds for which a client that sent more is refused."""

    def model_post_init(self, context: object, /) -> None:
        """Keep what `find_given` found out; `read_settings` passes it as context."""
        if isinstance(context, Given):
            self._given = context

    @field_validator("*", mode="before")
    @classmethod
    def _unquoted(cls, value: object, info: ValidationInfo) -> object:
        """Remove what is only notation: spaces, quotes, and the case of a choice."""
        if not isinstance(value, str) or info.field_name in {None, COMMAND}:
            return value
        text = unquoted(value)
        choices = get_args(cls.model_fields[str(info.field_name)].annotation)
        return next((each for each in choices if str(each).casefold() == text.casefold()), text)

    @field_validator("api_key", mode="before")
    @classmethod
    def _no_empty_key(cls, value: object) -> object:
        return value or None

    @field_validator("organization")
    @classmethod
    def _is_an_id(cls, value: str | None) -> str | None:
        if value is not None and not _ID.fullmatch(value):
            raise ValueError(
                "must be an organization id such as org-abc123; account_details lists those of "
                "the key"
            )
        return value

    @field_validator("on_done")
    @classmethod
    def _is_a_target(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            read_target(value.get_secret_value())
        return value

    @field_validator("on_done_secret")
    @classmethod
    def _is_a_signing_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            check_secret(value.get_secret_value())
        return value

    @field_validator("home", "output_dir")
    @classmethod
    def _is_a_plain_name(cls, value: Path | None) -> Path | None:
        if not str(value).isprintable():
            raise ValueError("must contain only printable characters")
        return value

    @field_validator("hosts")
    @classmethod
    def _are_host_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_HOST.fullmatch, value)):
            raise ValueError(
                "must be host names separated by commas, such as host.docker.internal, without "
                "scheme, path or *"
            )
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_ORIGIN.fullmatch, value)):
            raise ValueError(
                "must be exact origins separated by commas, such as https://app.example.com, not "
                "*, null or an address with a path"
            )
        # Browsers leave the default port out of the Origin header.
        return tuple(_DEFAULT_PORT.sub(r"\1\2", each) for each in value)

    @field_validator("base_url")
    @classmethod
    def _a_web_address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s/]+(/[^\s]*)?", value):
            raise ValueError("must be an http:// or https:// address")
        return value.rstrip("/")

    @property
    def notices(self) -> tuple[str, ...]:
        """Return what counts as not set or is ignored, in sentences."""
        return (*self._given.notices, *self._unused_secret())

    def _unused_secret(self) -> Iterator[str]:
        """Yield why the signing secret signs nothing, if it is set."""
        if self.on_done_secret is None:
            return
        target = self.on_done and read_target(self.on_done.get_secret_value())
        if not isinstance(target, str):
            name = variable(COMMAND)
            why = f"{name} is a command" if target else f"{name} isn't set"
            yield f"{variable(SIGNING)} is ignored: it signs messages to an address, and {why}."

    @property
    def missing_key(self) -> str:
        """Return why there is no key although one was meant, or ""."""
        return self._given.missing_key

    @property
    def key_source(self) -> Literal["environment", "keyring"] | None:
        """Return where the API key came from; None: there is none."""
        if self.api_key is None:
            return None
        return "keyring" if self._given.from_keyring else "environment"

    def origin_of(self, field: str) -> Origin:
        """Return where the value of a setting came from."""
        if field not in self._given.values:
            return "default"
        if field == KEY and self._given.from_keyring:
            return "keyring"
        return "flag" if field in self._given.from_flags else "environment"

    @property
    def emulated(self) -> bool:
        """Return whether the built-in emulator replaces the API, because there is no key."""
        return self.api_key is None

    @cached_property
    def base_dir(self) -> Path:
        """Return the folder that contains both stores: the real one and the emulator's."""
        if self.home is not None:
            return self.home.expanduser().absolute()
        from platformdirs import user_data_path

        return user_data_path("stability-mcp", appauthor=False)

    @property
    def home_dir(self) -> Path:
        """Return the folder of the store in use; the emulator has its own below the real one."""
        return self.base_dir / EMULATED_FOLDER if self.emulated else self.base_dir

    @cached_property
    def copies_dir(self) -> Path | None:
        """Return the folder of readable copies in use; None: no copies."""
        if self.output_dir is None:
            return None
        if self.output_dir == Path():
            from platformdirs import user_pictures_path

            base = user_pictures_path() / "Stability"
        else:
            base = self.output_dir.expanduser().absolute()
        return base / "emulated" if self.emulated else base

    @property
    def budget_millicredits(self) -> int | None:
        """Return the daily budget in millicredits; None: no budget, as on the emulator."""
        return None if self.emulated or self.budget is None else round(self.budget * 1000)

    @property
    def confirm_millicredits(self) -> int | None:
        """Return the lowest price that needs approval, in millicredits; None on the emulator."""
        never = self.emulated or self.confirm_above is None
        return None if never else round((self.confirm_above or 0) * 1000)

    @property
    def low_balance_millicredits(self) -> int | None:
        """Return the balance below which answers warn, in millicredits; None on the emulator."""
        never = self.emulated or self.low_balance is None
        return None if never else round((self.low_balance or 0) * 1000)


def read_settings(*, keyring: bool = True, **flags: Any) -> Settings:  # noqa: ANN401 -- as many types as there are settings
    """Read the settings: flags that are not None, then the environment, then the defaults.

    Blank values and placeholders count as not set; `Settings.notices` names them.

    Args:
        keyring: Whether to use a key that `stability-mcp login` stored, if the environment has
            none.
        flags: Values that take precedence over the environment.

    Raises:
        ConfigurationError: a value is invalid; one sentence with the variable and what is allowed.
    """
    given = find_given(Settings.model_fields, flags, os.environ)
    settings = _validated(given)
    if keyring and settings.emulated and is_marked(settings.base_dir):
        return _validated(_with_stored_key(given, settings.base_dir))
    return settings


def _validated(given: Given) -> Settings:
    try:
        return Settings.model_validate(dict(given.values), context=given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigurationError(_wrong_value(first)) from None


def _with_stored_key(given: Given, folder: Path) -> Given:
    """Return what is given plus the key from the keyring, or plus why it can't be read."""
    try:
        key = SecretStr(read_key(folder))
    except ConfigurationError as error:
        return replace(
            given,
            notices=(*given.notices, f"The stored API key isn't used. {error.startup_text}"),
            missing_key=given.missing_key or "the stored key could not be read",
        )
    return replace(given, values={**given.values, KEY: key}, from_keyring=True)


def _wrong_value(details: ErrorDetails) -> str:
    """Return `STABILITY_WAIT is "soon"; it must be a number from 0 to 300.`."""
    field = str(details["loc"][0])
    value = details["input"]
    secret = field in {*SECRETS, COMMAND} or not isinstance(value, str)
    found = f" is {quoted(value)}; it" * (not secret)
    if details["type"] == "value_error":
        allowed = str(details["ctx"]["error"])
    else:
        allowed = f"must be {_allowed(field)}"
    return f"{variable(field)}{found} {allowed}."


def _allowed(field: str) -> str:
    """Return the values that a field takes: `none, small or large`."""
    schema = Settings.model_json_schema()["properties"][field]
    schema = schema.get("anyOf", [schema])[0] | schema
    if "enum" in schema:
        *most, last = schema["enum"]
        return f"{', '.join(most)} or {last}"
    if schema.get("type") not in {"integer", "number"}:
        return "true or false" if schema.get("type") == "boolean" else "text"
    number = "a whole number" if schema["type"] == "integer" else "a number"
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    lowest = f" of {low:g} or more" if above is None else f" above {above:g}"
    if "maximum" in schema:
        until = f"{schema['maximum']:.15g}"
        lowest = (
            f" from {low:g} to {until}" if above is None else f" above {above:g}, up to {until}"
        )
    takes_none = any(
        isinstance(each, BeforeValidator) and each.func is none_word
        for each in Settings.model_fields[field].metadata
    )
    return f"{number}{lowest}{f', or {NONE_WORDS[0]}' * takes_none}"
