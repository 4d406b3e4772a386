"""Values that count as not set, and misspelt variables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.setting_values import (
    NEAR_MISSES,
    OF_OTHERS,
    find_given,
    find_placeholder,
    misspelt,
    variable,
)
from stability_mcp.settings import Settings, read_settings

FIELDS = tuple(Settings.model_fields)
BLANK = ("", " ", "\t", "\n", '""', "' '", "null", "undefined")
UNFILLED = ("${user_config.x}", "${input:x}", "${env:X}", "{{x.y}}", "{env:X}", "%X%", "$X")
WRITTEN = ("<your value>", "[your key]", "your-api-key-here", "insert path", "/path/to/folder")
KEYS = (
    "sk-xxxx",
    "sk-...",
    "sk-your-key",
    "sk-YOUR_API_KEY",
    "YOUR_API_KEY",
    "STABILITY_API_KEY",
    "api-key",
    "changeme",
    "my-key",
    "***",
)


@pytest.mark.parametrize("field", FIELDS)
def test_a_blank_or_placeholder_counts_as_not_set(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documented (mcpb#250): Claude Desktop passes them for every optional field left blank."""
    for value in (*BLANK, *UNFILLED, *WRITTEN):
        if (field, value) == ("cors_origins", "null"):
            continue  # the origin null is refused
        monkeypatch.setenv(variable(field), value)

        settings = read_settings()

        assert settings.model_dump() == Settings().model_dump()
        assert [variable(field) in notice for notice in settings.notices] == [True]


def test_all_settings_can_be_blank_or_unfilled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen: a person who fills in nothing gets the defaults."""
    for number, field in enumerate(FIELDS):
        monkeypatch.setenv(variable(field), ("", "${user_config.x}")[number % 2])

    assert read_settings().model_dump() == Settings().model_dump()


@pytest.mark.parametrize("value", ["", "${user_config.wait}"])
def test_a_blank_flag_leaves_the_environment_in_force(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: hosts fill in arguments, too."""
    monkeypatch.setenv("STABILITY_WAIT", "7")

    settings = read_settings(wait=value)

    assert settings.wait == 7
    assert "--wait" in settings.notices[0]


@pytest.mark.parametrize("value", [*UNFILLED, *WRITTEN, *KEYS])
def test_a_placeholder_key_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen: the user sees which text the host left in the configuration."""
    monkeypatch.setenv("STABILITY_API_KEY", value)

    settings = read_settings()

    assert settings.emulated
    assert settings.missing_key == f'STABILITY_API_KEY contains the placeholder "{value}"'


@given(st.from_regex(r"sk-[A-Za-z0-9]{40,60}", fullmatch=True))
def test_a_real_key_is_never_a_placeholder(key: str) -> None:
    """Chosen: a key is `sk-` and about 48 random characters."""
    assert find_placeholder("api_key", key) == (None, key)


@pytest.mark.parametrize(
    "folder", ["/home/me/my keys", "xxx", "/srv/${x", "C:\\Users\\me", "~/Pictures", "a$b", "100%"]
)
def test_an_ordinary_folder_is_not_a_placeholder(folder: str) -> None:
    """Chosen: only a text that is never the name of a folder counts as not set."""
    assert find_placeholder("output_dir", folder) == (None, folder)


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("roots", "/a:${user_config.more}:/b", "/a:/b"),
        ("roots", "/a:${input:more}", "/a"),
        ("toolsets", "edit,${input:toolsets}", "edit"),
        ("output_dir", "${workspaceFolder}/pictures", None),
        ("base_url", "https://${host}", None),
        ("on_done", "sh -c 'echo ${job}'", "sh -c 'echo ${job}'"),
    ],
)
def test_a_list_keeps_the_entries_that_are_filled_in(
    field: str, value: str, kept: str | None
) -> None:
    """Chosen: other values are unusable with a hole, except a command for a shell."""
    assert find_placeholder(field, value)[1] == kept


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("STABILTY_API_KEY", "STABILITY_API_KEY"),
        ("STABLITY_API_KEY", "STABILITY_API_KEY"),
        ("STABILITY-API-KEY", "STABILITY_API_KEY"),
        ("stability_api_key", "STABILITY_API_KEY"),
        ("STABILITY_API_KEYS", "STABILITY_API_KEY"),
        ("STABILITY_BUDGT", "STABILITY_BUDGET"),
        ("STABILITY_OUTPUTDIR", "STABILITY_OUTPUT_DIR"),
        ("STABILITY_OUTPUT_FOLDER", "STABILITY_OUTPUT_DIR"),
        ("STABILITY_ROOT", "STABILITY_ROOTS"),
        *((name, "STABILITY_API_KEY") for name in NEAR_MISSES),
    ],
)
def test_a_misspelt_variable_is_pointed_out(
    name: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: the most common reason why the emulator is used by mistake."""
    monkeypatch.setenv(name, "sk-real-0123456789")

    settings = read_settings()

    assert settings.notices == (f"{name} isn't a setting and is ignored; did you mean {meant}?",)
    assert (name in settings.missing_key) == (meant == "STABILITY_API_KEY")


@pytest.mark.parametrize("field", FIELDS)
def test_each_letter_of_a_variable_can_be_missing_or_wrong(field: str) -> None:
    """Chosen: one typing error, at any place after the first letters."""
    name = variable(field)
    for place in range(3, len(name)):
        for wrong in (name[:place] + name[place + 1 :], f"{name[:place]}Q{name[place + 1 :]}"):
            if wrong not in {*map(variable, FIELDS), *OF_OTHERS}:
                assert wrong in misspelt(FIELDS, {wrong: "x"})


@pytest.mark.parametrize(
    "environ",
    [
        {"STABILITY_KEY": "sk-x", "STABILITY_API_KEY": "sk-y"},
        {"STABILITY_HOST": "grpc.stability.ai"},
        {"STABILITY_ENGINE": "x", "PATH": "/bin", "SSH_AUTH_SOCK": "x", "STARSHIP_SHELL": "x"},
        {"STABILTY_API_KEY": ""},
    ],
)
def test_variables_of_other_programs_are_not_pointed_out(environ: dict[str, str]) -> None:
    """Chosen: a warning that is usually wrong isn't read."""
    assert find_given(FIELDS, {}, environ).notices == ()
