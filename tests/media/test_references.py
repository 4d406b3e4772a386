"""References: every way to name a file, parsed without accessing the disk."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.errors import (
    ArgumentsError,
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
    StudioError,
)
from stability_mcp.media.references import (
    MAX_INLINE,
    Inline,
    Named,
    OnDisk,
    OnWeb,
    check_path,
    parse,
)

PICTURE = b"\x89PNG\r\n\x1a\n\xff\xfe"
PACKED = base64.b64encode(PICTURE).decode()

NASTY = st.sampled_from(
    ["file://", "data:", "media://", "~", "\\\\", "//", "C:\\", "%00", "%ff", ";base64,", ":", "\0"]
)


@given(st.lists(st.one_of(NASTY, st.text(max_size=12))).map("".join), st.booleans())
def test_any_text_gives_a_reference_or_one_clear_error(text: str, windows: bool) -> None:  # noqa: FBT001 -- drawn
    """Chosen: no input may raise anything else."""
    found: object = None
    try:
        found = parse(text, windows=windows)
    except StudioError as error:
        message = str(error).encode()

    assert isinstance(found, Named | OnDisk | Inline) or len(message) < 1_000


@given(st.binary(max_size=200))
def test_a_data_uri_is_decoded_to_its_bytes(data: bytes) -> None:
    """Documented (RFC 2397): base64, also with the URL alphabet and without padding."""
    packed = base64.b64encode(data).decode()
    loose = base64.urlsafe_b64encode(data).decode().rstrip("=")

    assert parse(f"data:image/png;base64,{packed}") == Inline(data)
    assert parse(f"DATA:image/png;charset=x;BASE64,{loose}\n") == Inline(data)
    assert parse("data:," + "".join(f"%{byte:02x}" for byte in data)) == Inline(data)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hero", Named("hero", certain=False)),
        ("hero shot 2", Named("hero shot 2", certain=False)),
        ("k7f3q2m9xa", Named("k7f3q2m9xa", certain=False)),
        ("media://k7f3q2m9xa", Named("media://k7f3q2m9xa", certain=True)),
        (" hero ", Named("hero", certain=False)),
        ("hero.png", OnDisk("hero.png")),
        (" /a b/c.png ", OnDisk("/a b/c.png")),
        ("~/a.png", OnDisk("~/a.png")),
        ("./hero", OnDisk("./hero")),
        ("Screenshot 10:30.png", OnDisk("Screenshot 10:30.png")),
        ("file:///a/b%20c.png", OnDisk("/a/b c.png")),
        ("FILE://localhost/a.png", OnDisk("/a.png")),
        ("file:/a.png", OnDisk("/a.png")),
        ("file://~/a.png", OnDisk("~/a.png")),
        ("file:///a/%ff.png", OnDisk("/a/\udcff.png")),
    ],
)
def test_each_form_of_reference_is_parsed(text: str, found: object) -> None:
    """Chosen: the forms that people and agents write, even with quotes."""
    assert parse(text, windows=False) == found


@pytest.mark.parametrize(
    "text",
    [
        "C:\\Users\\a b\\x.png",
        "C:/Users/a b/x.png",
        "file:///C:/Users/a%20b/x.png",
        "file://C:/Users/a%20b/x.png",
        "file:///C|/Users/a%20b/x.png",
        "file:C:/Users/a%20b/x.png",
    ],
)
def test_all_forms_of_a_windows_path_give_the_same_path(text: str) -> None:
    """Documented (RFC 8089, appendix E): drive letters with and without a third slash or a bar."""
    found = parse(text, windows=True)

    assert isinstance(found, OnDisk)
    assert found.path.replace("\\", "/") == "C:/Users/a b/x.png"
    with pytest.raises(FileMissingError, match="does not run on Windows"):
        parse(text, windows=False)


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "\\\\evil\\share\\x.png",
        "//evil/share/x.png",
        "/\\evil/x.png",
        "\\\\?\\C:\\x.png",
        "\\\\.\\PhysicalDrive0",
        "//?/C:/x.png",
        "file://evil/share/x.png",
        "file:////evil/share/x.png",
        "file:%2F%2Fevil/x.png",
        "file:%5C%5Cevil%5Cx.png",
        "/a\0b.png",
        "file:///a%00.png",
    ],
)
def test_a_path_to_another_computer_or_a_device_is_rejected_without_access(
    text: str,
    windows: bool,  # noqa: FBT001 -- a parameter of the test
) -> None:
    r"""Chosen: just checking \\evil\x sends the password hash there."""
    with pytest.raises(FileForbiddenError, match="Nothing was charged"):
        parse(text, windows=windows)


@pytest.mark.parametrize(
    "path",
    ["C:\\a.png:hidden", "a.png:$DATA", "C:\\con", "NUL.png", "x\\Lpt1 .txt", "a/COM1", "aux"],
)
def test_windows_streams_and_devices_are_rejected_on_windows(path: str) -> None:
    """Documented by Microsoft: CON and similar names are devices with any extension."""
    with pytest.raises(FileForbiddenError, match="never opened"):
        check_path(path, windows=True)


def test_names_of_windows_devices_are_ordinary_files_on_other_systems() -> None:
    """Chosen: a colon is an ordinary character on Linux."""
    check_path("/a/10:30/con.png", windows=False)


@pytest.mark.parametrize("text", ["https://example.org/a.png", "HTTPS://x", "http://x"])
def test_a_web_address_is_left_to_the_downloader(text: str) -> None:
    """Chosen: it refuses http, so that one error names all rules."""
    assert parse(f" {text}") == OnWeb(text)


@pytest.mark.parametrize("text", ["s3://bucket/a", "xy://", "ftp://example.org/a.png"])
def test_a_url_is_rejected_with_alternatives(text: str) -> None:
    """Chosen: the hint only names features that exist."""
    with pytest.raises(FileForbiddenError, match="save it to a folder") as error:
        parse(text)

    assert "media_import" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "sandbox:/mnt/data/a.png",
        "blob:https://claude.ai/1234",
        "local://a.png",
        "attachment://1",
        "cid:abc",
    ],
)
def test_the_error_for_a_path_in_the_chat_programs_sandbox_explains_it(text: str) -> None:
    """Chosen: the most common failure in chats needs the clearest error."""
    with pytest.raises(FileMissingError, match=r"sandbox.*Downloads"):
        parse(text)


@pytest.mark.parametrize("text", ["", "  ", "\u200b"])
def test_an_empty_reference_is_an_error(text: str) -> None:
    """Chosen: an empty string names nothing."""
    with pytest.raises(ArgumentsError, match="empty"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    ["data:image/png;base64", "data:image/png;base64,a", "data:;base64,ab*d", "data:;base64,é"],
)
def test_a_broken_data_uri_gives_one_clear_error(text: str) -> None:
    """Chosen: models truncate long data: URIs."""
    with pytest.raises(FileUnusableError, match=r"data: URI|comma"):
        parse(text)


def test_the_length_of_a_data_uri_is_limited() -> None:
    """Chosen: callers must not be able to fill the memory."""
    with pytest.raises(FileUnusableError, match=r"characters; the maximum is"):
        parse("data:," + "x" * MAX_INLINE)
