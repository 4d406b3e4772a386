"""Settings come from flags, then the environment, then defaults; wrong ones are explained."""

import base64
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from stability_mcp.done_target import shown_target
from stability_mcp.errors import ConfigurationError
from stability_mcp.settings import Settings, read_settings
from stability_mcp.text import quoted


def test_without_a_key_the_emulator_is_used_with_its_own_store(tmp_path: Path) -> None:
    """Chosen: a picture from the emulator is never served once a key is set."""
    emulated = read_settings(home=tmp_path)
    real = read_settings(home=tmp_path, api_key=SecretStr("sk-real-key"))

    assert emulated.emulated
    assert not real.emulated
    assert emulated.home_dir != real.home_dir == tmp_path


def test_a_flag_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen: a flag is the more explicit choice."""
    monkeypatch.setenv("STABILITY_WAIT", "7")

    assert read_settings().wait == 7
    assert read_settings(wait=9).wait == 9
    assert read_settings(wait=9).origin_of("wait") == "flag"
    assert read_settings().origin_of("wait") == "environment"
    assert read_settings().origin_of("timeout") == "default"


def test_a_blank_value_is_not_the_origin_of_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen: doctor prints where each value in force comes from."""
    monkeypatch.setenv("STABILITY_WAIT", " ")

    assert read_settings().origin_of("wait") == "default"
    assert read_settings(wait="").origin_of("wait") == "default"


WRONG = [
    ("STABILITY_RATE", "fast"),
    ("STABILITY_RATE", "0/10"),
    ("STABILITY_RATE", "150/0"),
    ("STABILITY_REST_WAIT", "601"),
    ("STABILITY_CLIENT_RATE", "0/10"),
    ("STABILITY_CLIENT_LOCKOUT", "-1"),
    ("STABILITY_TIMEOUT", "-1"),
    ("STABILITY_BASE_URL", "ftp://somewhere"),
    ("STABILITY_PREVIEW", "huge"),
    ("STABILITY_BUDGET", "lots"),
    ("STABILITY_BUDGET", "nan"),
    ("STABILITY_WAIT", "inf"),
    ("STABILITY_VIEW", "sometimes"),
    ("STABILITY_APPS", "on"),
    ("STABILITY_OUTPUT_DIR", "/media/\udcff"),
    ("STABILITY_HOME", "/media/a\nb"),
    ("STABILITY_KEEP_DAYS", "0"),
    ("STABILITY_KEEP_DAYS", "-1"),
    ("STABILITY_KEEP_DAYS", "soon"),
    *(("STABILITY_KEEP_BYTES", value) for value in ("20", "20 GBs", "-1GB", "1,5GB", "2 PB", "GB")),
    ("STABILITY_ON_DONE", "ftp://somewhere"),
    ("STABILITY_ON_DONE", "https://"),
    ("STABILITY_ON_DONE", "notify 'me"),
    ("STABILITY_ON_DONE", "://"),
    ("STABILITY_ON_DONE_SECRET", "whsec_"),
    ("STABILITY_ON_DONE_SECRET", "whsec_c2hvcnQ="),
    ("STABILITY_ON_DONE_SECRET", "whsec_" + "A" * 88),
    ("STABILITY_ON_DONE_SECRET", "whsec_" + "-_" * 16),
    ("STABILITY_ON_DONE_SECRET", "whsec_" + "é" * 32),
    ("STABILITY_ON_DONE_SECRET", "A" * 32),
    ("STABILITY_HOSTS", "*"),
    ("STABILITY_HOSTS", "https://host.docker.internal"),
    ("STABILITY_HOSTS", "host/path"),
    ("STABILITY_CORS_ORIGINS", "*"),
    ("STABILITY_CORS_ORIGINS", "null"),
    ("STABILITY_CORS_ORIGINS", "https://app.test/"),
    ("STABILITY_CORS_ORIGINS", "app.test"),
    ("STABILITY_CORS_ORIGINS", "https://*.app.test"),
    ("STABILITY_ORGANIZATION", "my organization"),
    ("STABILITY_ORGANIZATION", "org-1/2"),
    ("STABILITY_ORGANIZATION", "x" * 257),
    ("STABILITY_MAX_RETRIES", "many"),
    ("STABILITY_MAX_RETRIES", "21"),
    ("STABILITY_MAX_FILE_SIZE", "1"),
    ("STABILITY_CONCURRENCY", "0"),
    ("STABILITY_CONCURRENCY", "1.5"),
    ("STABILITY_ROOTS_ONLY", "perhaps"),
    ("STABILITY_PREVIEW_FORMAT", "gif"),
    ("STABILITY_VIEW", "sometimes"),
    ("STABILITY_APPS", "on"),
    ("STABILITY_CACHE", "maybe"),
    ("STABILITY_CONFIRM_ABOVE", "-1"),
    ("STABILITY_LOW_BALANCE", "empty"),
    ("STABILITY_METADATA", "all"),
    ("STABILITY_LOG_LEVEL", "LOUD"),
    ("STABILITY_LOG_FORMAT", "xml"),
]
ANY_TEXT = {"api_key", "roots", "toolsets", "blocked_terms", "warn_terms", "defaults"}
"""Settings that take any text here: names and files are checked when they are used."""


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_refused_in_one_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: variable, value and what is allowed; a host shows only the last line of stderr."""
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=f"^{name} ") as caught:
        read_settings()

    text = caught.value.startup_text
    assert re.search(r"\. |\n", text) is None
    assert re.search(r"must (be|contain) |unclosed quote", text)
    assert "Input should" not in text
    assert (quoted(value) in text) == (not name.startswith("STABILITY_ON_DONE"))


def test_every_setting_has_a_wrong_value_or_takes_any_text() -> None:
    """Chosen: a new setting is tried with a wrong value, too."""
    tried = {name.removeprefix("STABILITY_").lower() for name, _ in WRONG}

    assert tried | ANY_TEXT == set(Settings.model_fields)
    assert not tried & ANY_TEXT


def test_secrets_are_not_shown_by_a_repr() -> None:
    """Chosen: secrets never reach logs, errors or reprs."""
    signing = "whsec_" + "c2VjcmV0" * 4
    settings = read_settings(api_key=SecretStr("sk-very-secret-1234"), on_done_secret=signing)

    for shown in (repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "very-secret" not in shown
        assert "c2VjcmV0" not in shown


@pytest.mark.parametrize(
    ("target", "why"),
    [(None, "STABILITY_ON_DONE isn't set"), ("notify me", "STABILITY_ON_DONE is a command")],
)
def test_a_secret_that_signs_nothing_is_a_notice(target: str | None, why: str) -> None:
    """Chosen: else the operator believes that messages are signed."""
    secret = "whsec_" + "c2VjcmV0" * 4
    assert read_settings(on_done_secret=secret, on_done="https://hooks.test").notices == ()

    [notice] = read_settings(on_done_secret=secret, on_done=target).notices

    assert "STABILITY_ON_DONE_SECRET is ignored" in notice
    assert why in notice
    assert "c2VjcmV0" not in notice


@pytest.mark.parametrize("length", [24, 32, 64])
def test_a_secret_has_24_to_64_bytes(length: int) -> None:
    """Documented (Standard Webhooks): the length of a symmetric secret."""
    secret = "whsec_" + base64.b64encode(bytes(length)).decode()

    assert read_settings(on_done_secret=f' "{secret}" ').on_done_secret == SecretStr(secret)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("20GB", 20_000_000_000),
        ("500 MB", 500_000_000),
        ("1.5 gb", 1_500_000_000),
        ("2GiB", 2**31),
        ("123456789", 123_456_789),
        ("never", None),
        ("None", None),
    ],
)
def test_a_size_is_a_number_with_a_unit(value: str, size: int | None) -> None:
    """Documented (docs/settings.md): the text form of STABILITY_KEEP_BYTES."""
    assert read_settings(keep_bytes=value).keep_bytes == size


def test_the_budget_is_in_millicredits_and_absent_on_the_emulator() -> None:
    """Chosen: 500 credits a day with a real key, none on the emulator."""
    assert read_settings(api_key=SecretStr("sk-real-key")).budget_millicredits == 500_000
    assert (
        read_settings(api_key=SecretStr("sk-real-key"), budget="none").budget_millicredits is None
    )
    assert read_settings().budget_millicredits is None


def test_lists_are_read_from_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documented: toolsets separated by commas, roots like PATH, rate as requests/seconds."""
    monkeypatch.setenv("STABILITY_TOOLSETS", "edit, upscale")
    monkeypatch.setenv("STABILITY_ROOTS", "/a:/b c")
    monkeypatch.setenv("STABILITY_RATE", "30/5")

    settings = read_settings()

    assert settings.toolsets == ("edit", "upscale")
    assert settings.roots == (Path("/a"), Path("/b c"))
    assert settings.rate == (30, 5.0)


def test_quotes_spaces_and_case_are_only_notation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen: env files keep quotes, and people write Large and debug."""
    monkeypatch.setenv("STABILITY_PREVIEW", ' "Large" ')
    monkeypatch.setenv("STABILITY_LOG_LEVEL", "debug")
    monkeypatch.setenv("STABILITY_BUDGET", "'NONE'")
    monkeypatch.setenv("STABILITY_TOOLSETS", "Edit, Upscale")
    monkeypatch.setenv("STABILITY_HOSTS", "Host.Docker.Internal")
    monkeypatch.setenv("STABILITY_CORS_ORIGINS", "HTTPS://App.Test:443, http://localhost:3000")

    settings = read_settings()

    assert (settings.preview, settings.log_level, settings.budget) == ("large", "DEBUG", None)
    assert settings.toolsets == ("edit", "upscale")
    assert settings.hosts == ("host.docker.internal",)
    assert settings.cors_origins == ("https://app.test", "http://localhost:3000")


def test_copies_can_be_turned_off_and_those_of_the_emulator_are_separate(tmp_path: Path) -> None:
    """Chosen: `none` turns copies off; the emulator's copies go to a separate folder."""
    assert read_settings(output_dir="none").copies_dir is None
    assert read_settings(output_dir=tmp_path).copies_dir == tmp_path / "emulated"
    real = read_settings(output_dir=tmp_path, api_key=SecretStr("sk-real-key"))
    assert real.copies_dir == tmp_path


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://me:s3cret@hooks.test:8443/s3cret?s3cret#s3cret", "https://hooks.test:8443"),
        ("HTTP://s3cret@hooks.test?s3cret", "http://hooks.test"),
        ("/opt/notify --token s3cret", '"/opt/notify …"'),
        ("notify", '"notify"'),
    ],
)
def test_a_notification_target_is_shown_without_its_secrets(given: str, shown: str) -> None:
    """Chosen: the path of such a URL works like a password."""
    settings = read_settings(on_done=given)

    assert shown_target(given) == shown
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings.model_dump())


def test_an_error_does_not_repeat_a_refused_url() -> None:
    """Chosen: secrets don't appear in errors either."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings(on_done="ftp://me:s3cret@hooks.test")

    assert "s3cret" not in str(caught.value)
