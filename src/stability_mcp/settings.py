"""The settings: read from the environment once, at the edge, into one frozen object.

Every variable is `STABILITY_` and the name of a field in capitals; a command-line flag of the same
name wins over it. Nothing here is read when the module is imported.
"""

import os
import re
import shlex
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

from stability_mcp.errors import ConfigurationError
from stability_mcp.text import plain, quoted

PREFIX = "STABILITY_"
API_URL = "https://api.stability.ai"
KEYS_URL = "https://platform.stability.ai/account/keys"

NEAR_MISSES = (
    "STABILITY_KEY",
    "STABILITY_TOKEN",
    "STABILITY_AI_API_KEY",
    "STABILITYAI_API_KEY",
    "STABILITY_APIKEY",
    "STABLE_DIFFUSION_API_KEY",
    "API_KEY_STABILITY",
)
"""Names under which other programs keep the key; `STABILITY_API_KEY` is the only one read here."""

MAX_REQUESTS, MAX_WINDOW_SECONDS = 10_000, 3_600
"""Beyond these a rate limit is a slip of the pen: the API's own is 150 in 10 s."""

_PLACEHOLDER = re.compile(
    r"\$\{.*\}|<[^>]*>|sk-(x+|\.+|…|your.*)"
    r"|(your|my|insert|enter)[-_ ].*(key|dir|path|folder|token).*",
    re.IGNORECASE,
)


def _split_names(value: object) -> object:
    return tuple(filter(None, re.split(r"[,\s]+", value))) if isinstance(value, str) else value


def _split_paths(value: object) -> object:
    return tuple(filter(None, value.split(os.pathsep))) if isinstance(value, str) else value


def _none_word(value: object) -> object:
    return None if isinstance(value, str) and value.casefold() in {"none", "never"} else value


def _rate(value: object) -> object:
    if not isinstance(value, str):
        return value
    requests, _, seconds = value.partition("/")
    try:
        read = (int(requests), float(seconds))
    except ValueError:
        raise ValueError("must be requests over seconds, such as 150/10") from None
    if not (0 < read[0] <= MAX_REQUESTS and 0 < read[1] <= MAX_WINDOW_SECONDS):
        raise ValueError(
            f"must be 1 to {MAX_REQUESTS} requests in up to {MAX_WINDOW_SECONDS} seconds"
        )
    return read


class Settings(BaseModel):
    """What an operator can choose."""

    # Neither pydantic-settings nor descriptions out of docstrings: together they take as long to
    # load as an eighth of the whole server, and a host waits for it at every start.
    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: SecretStr | None = None
    """Key of the Stability account; without it everything runs on the built-in emulator."""
    base_url: str = API_URL
    """Where the API is."""
    timeout: Annotated[float, Field(gt=0, le=3_600)] = 300
    """Longest wait for one request, in seconds; pictures take up to a minute to begin."""
    max_retries: Annotated[int, Field(ge=0, le=20)] = 3
    """How often a request is repeated that surely was not charged."""
    max_file_size: Annotated[int, Field(ge=10_000, le=10_485_760)] = 10_485_760
    """Most bytes of a request that sends pictures; the API takes no more than 10 MiB."""
    rate: Annotated[tuple[int, float], BeforeValidator(_rate)] = (150, 10.0)
    """Most requests in so many seconds, over all processes: the API's own limit."""
    concurrency: Annotated[int, Field(ge=1, le=1_000)] = 120
    """Most paid requests in flight in this process."""
    home: Path | None = None
    """Folder of the database, the media and the locks; default: the platform's data folder."""
    output_dir: Annotated[Path | None, BeforeValidator(_none_word)] = Path()
    """Folder of the readable copies; `none`: none; default: the pictures folder / Stability."""
    roots: Annotated[tuple[Path, ...], BeforeValidator(_split_paths)] = ()
    """More folders from which files may be read, separated like PATH."""
    roots_only: bool = False
    """Whether files may be read from `roots` alone."""
    toolsets: Annotated[tuple[str, ...], BeforeValidator(_split_names)] = ("default",)
    """Toolsets to offer, separated by commas: names, `basic` (small list), `default` or `all`."""
    preview: Literal["none", "small", "large"] = "small"
    """Size of the previews in answers: none, 768 px or 1024 px."""
    preview_format: Literal["webp", "jpeg"] = "webp"
    """Format of the previews."""
    wait: Annotated[float, Field(ge=0, le=300)] | None = None
    """Seconds before a call hands back a job id; default: 40 on stdio, 25 on HTTP."""
    cache: Literal["on", "off"] = "on"
    """Whether a finished result answers for a call that must give the same again."""
    budget: Annotated[float | None, Field(ge=0), BeforeValidator(_none_word)] = 500
    """Most credits a day, with a real key; `none`: no ceiling."""
    confirm_above: Annotated[float | None, Field(ge=0), BeforeValidator(_none_word)] = 25
    """Credits of a call from which the user is asked first, with a real key; `never`: never."""
    blocked_terms: Path | None = None
    """File of terms, one a line, that no prompt may hold."""
    warn_terms: Path | None = None
    """File of terms, one a line, that are sent but flagged."""
    metadata: Literal["full", "minimal", "off"] = "full"
    """How much of its making is written into a readable copy."""
    on_done: Annotated[SecretStr | None, BeforeValidator(_none_word)] = None
    """A URL or a command that is told when a job ends; it may hold a secret, so it is not shown."""
    keep_days: Annotated[float | None, Field(gt=0, le=36_500), BeforeValidator(_none_word)] = None
    """Days after which what has ended leaves the store; `never`: never."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"
    """What is logged, to stderr."""
    log_format: Literal["text", "json"] = "text"
    """How it is logged."""

    @field_validator("api_key", mode="before")
    @classmethod
    def _no_empty_key(cls, value: object) -> object:
        return (value.strip() or None) if isinstance(value, str) else value

    @field_validator("on_done")
    @classmethod
    def _is_a_target(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            read_target(value.get_secret_value())
        return value

    @field_validator("home", "output_dir")
    @classmethod
    def _is_a_plain_name(cls, value: Path | None) -> Path | None:
        if not str(value).isprintable():
            raise ValueError("must be a folder whose name is printable Unicode")
        return value

    @field_validator("base_url")
    @classmethod
    def _a_web_address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s/]+(/[^\s]*)?", value):
            raise ValueError("must be an http:// or https:// address")
        return value.rstrip("/")

    @property
    def emulated(self) -> bool:
        """Return whether the built-in emulator stands in for the API: there is no key."""
        return self.api_key is None

    @cached_property
    def home_dir(self) -> Path:
        """Return the folder of the store in force; the emulator has its own below the real one."""
        if self.home is not None:
            base = self.home.expanduser().absolute()
        else:
            from platformdirs import user_data_path

            base = user_data_path("stability-mcp", appauthor=False)
        return base / "emulator" if self.emulated else base

    @cached_property
    def copies_dir(self) -> Path | None:
        """Return the folder of the readable copies in force; None where there are none."""
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
        """Return the ceiling of a day in millicredits; None on the emulator or without one."""
        return None if self.emulated or self.budget is None else round(self.budget * 1000)

    @property
    def confirm_millicredits(self) -> int | None:
        """Return from which price on the user is asked first; None: never, as on the emulator."""
        never = self.emulated or self.confirm_above is None
        return None if never else round((self.confirm_above or 0) * 1000)


def read_settings(**flags: Any) -> Settings:  # noqa: ANN401 -- as many types as there are settings
    """Read the settings: flags that are not None, then the environment, then the defaults.

    Raises:
        ConfigurationError: a value cannot be used or is a placeholder; names the variable.
    """
    flagged = {name: value for name, value in flags.items() if value is not None}
    found = {name: os.environ.get(variable(name)) for name in Settings.model_fields}
    given = {name: value for name, value in found.items() if value is not None} | flagged
    _refuse_placeholders(given)
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = variable(str(first["loc"][0]))
        raise ConfigurationError(
            f"{name} cannot be used: {first['msg']}.",
            hint=f"Set it to a value as described in the README, or unset {name}.",
        ) from None


def read_target(text: str) -> str | tuple[str, ...]:
    """Return what STABILITY_ON_DONE names: a URL, or the words of a command, split like a shell's.

    Raises:
        ValueError: it is neither; the text repeats nothing of it.
    """
    if re.match(r"https?://", text, re.IGNORECASE):
        if not re.fullmatch(r"https?://[^\s/?#]+[^\s]*", text, re.IGNORECASE):
            raise ValueError("must be an http:// or https:// address, or a command")
        return text
    try:
        # Windows' paths are full of what a shell elsewhere takes for escapes.
        words = tuple(each.strip('"') for each in shlex.split(text, posix=os.name != "nt"))
    except ValueError:
        raise ValueError("is a command whose quotes do not close") from None
    if not words or "://" in words[0]:
        raise ValueError("must be an http:// or https:// address, or a command")
    return words


def shown_target(text: str) -> str:
    """Return whom STABILITY_ON_DONE names, without what may be a secret: `https://hooks.test`.

    Of a URL that leaves the host: user, path and query are what such addresses are guarded by. Of a
    command it leaves the program.
    """
    target = read_target(text)
    if not isinstance(target, str):
        return quoted(f"{target[0]} …" if target[1:] else target[0])
    scheme, _, rest = target.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return plain(f"{scheme.lower()}://{host}")


def variable(field: str) -> str:
    """Return the environment variable of a field: `STABILITY_API_KEY` of `api_key`."""
    return PREFIX + field.upper()


def origin(field: str, flags: Mapping[str, object]) -> Literal["flag", "environment", "default"]:
    """Return where a setting in force came from."""
    if flags.get(field) is not None:
        return "flag"
    return "environment" if variable(field) in os.environ else "default"


def near_misses(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return variables that look like a misspelt `STABILITY_API_KEY`."""
    return tuple(name for name in NEAR_MISSES if environ.get(name))


def _refuse_placeholders(given: Mapping[str, object]) -> None:
    for field, value in given.items():
        if isinstance(value, str) and _PLACEHOLDER.fullmatch(value.strip()):
            shown = "a placeholder" if field == "api_key" else f"the placeholder {quoted(value)}"
            hint = f" Keys are made at {KEYS_URL}; without one the emulator is used." * (
                field == "api_key"
            )
            raise ConfigurationError(
                f"{variable(field)} holds {shown} where the host's configuration should have put "
                "a value.",
                hint=f"Set {variable(field)} to its value or remove it.{hint}",
            )
