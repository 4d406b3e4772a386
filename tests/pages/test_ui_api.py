"""The page's own API: tool calls, operations, saved plans and pictures, with their bad input."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.studio import open_studio
from stability_mcp.studio.thumbnails import FOLDER, Thumbnails
from stability_mcp.studio.workflow.saved_templates import FOLDER as PLANS
from support.pages.ui_client import LONG, UiClient, ui_client
from support.server.in_memory import settings_in

FOX = {"prompt": "a fox"}
PLAN: dict[str, Any] = {
    "steps": [{"id": "draw", "tool": "generate_core", "arguments": {"prompt": "a fox"}}]
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the module's server."""
    return tmp_path_factory.mktemp("ui")


@pytest.fixture(scope="module")
def page(folder: Path) -> Iterator[UiClient]:
    """Serve for the module."""
    with ui_client(folder) as found:
        yield found


def refused(answer: httpx2.Response, status: int, name: str) -> str:
    """Check an error answer and return its text."""
    body = answer.json()
    assert (answer.status_code, body["name"]) == (status, name), answer.text
    return str(body["text"])


def picture(size: tuple[int, int], mode: str = "RGB") -> bytes:
    """Return a PNG in one colour."""
    data = BytesIO()
    Image.new(mode, size).save(data, "png", compress_level=1)
    return data.getvalue()


def jobs(page: UiClient) -> list[dict[str, Any]]:
    """Return the newest jobs."""
    found: list[dict[str, Any]] = page.http.get("/api/stability/jobs").json()["jobs"]
    return found


def test_the_session_shows_version_upstream_and_money(page: UiClient) -> None:
    """Documented: the header of every page."""
    found = page.http.get("/api/ui/session").json()

    assert found.pop("version")
    assert found.pop("spent") >= 0
    assert found == {
        "upstream": "emulator",
        "emulated": True,
        "budget": None,
        "reserved": 0.0,
        "balance": None,
        "confirm_above": None,
    }


# Tools


def test_a_tool_answers_with_its_text_and_the_facts_that_mcp_clients_get(page: UiClient) -> None:
    """Documented: text, and the facts of `_meta` with `is_error`."""
    answer = page.call("generate_core", FOX, **LONG).json()

    assert "generate_core: 1 picture" in answer["text"]
    assert answer["result"]["tool"] == "generate_core"
    assert answer["result"]["is_error"] is False
    assert [each["kind"] for each in page.http.get("/api/ui/operations").json()[:1]] == ["image"]
    assert jobs(page)[0]["client"] == "web page"


def test_a_free_tool_and_a_data_tool_answer_in_the_same_form(page: UiClient) -> None:
    """Chosen: the page reads one form."""
    guide = page.call("guide", {"topic": "masks"}).json()
    plan = page.call("workflow_plan", {"plan": PLAN}).json()

    assert guide["text"]
    assert guide["result"]["is_error"] is False
    assert plan["result"]["is_error"] is False
    assert "draw" in plan["text"]


def test_a_tools_own_error_is_an_answer_that_says_what_to_do(page: UiClient) -> None:
    """Documented: `is_error`, the text of the tool, and whether it was charged."""
    answer = page.call("generate_core", {})

    assert answer.status_code == 200
    assert "prompt is missing" in answer.json()["text"]
    assert answer.json()["result"] == {
        "kind": "ArgumentsError",
        "charged": "not charged",
        "is_error": True,
    }


def test_with_a_key_prices_need_a_yes_and_rest_needs_the_token(
    page: UiClient, tmp_path: Path
) -> None:
    """Documented: 409 with the credits; REST admits the page but for what the operator changes."""
    wanted, key = {"prompt": "a fox in 3D", "seed": 1}, {"idempotency-key": "costly"}
    paid = {"api_key": "sk-test-page", "base_url": page.origin, "confirm_above": 5}  # answers 404
    with ui_client(tmp_path, **paid) as paying:
        session = paying.http.get("/api/ui/session").json()
        answer = paying.call("generate_ultra", wanted, **key)
        text = refused(answer, 409, "confirmation_required")
        price = answer.json()["credits"]
        agreed = paying.call("generate_ultra", {**wanted, "confirm_spend": price}, **key, **LONG)
        listed = jobs(paying)
        del paying.http.headers["authorization"]
        stranger = paying.http.get("/api/stability/jobs")

    assert (session["emulated"], session["upstream"]) == (False, page.origin)
    assert session["confirm_above"] == 5
    assert "8 credits" in text
    assert price == 8
    assert (agreed.status_code, agreed.json()["result"]["is_error"]) == (200, True)
    assert len(listed) == 1
    assert stranger.status_code == 401


def test_a_double_click_starts_one_job(page: UiClient) -> None:
    """Documented: one key per click; the answers are equal."""
    wanted = {"prompt": "a fox, clicked twice"}
    before = len(jobs(page))
    click = partial(page.call, "generate_core", wanted, **{"idempotency-key": "click"}, **LONG)
    with ThreadPoolExecutor(4) as clicks:
        answers = list(clicks.map(lambda _: click().json(), range(4)))

    assert answers == [answers[0]] * 4
    assert len(jobs(page)) == before + 1
    other = page.call("generate_core", FOX, **{"idempotency-key": "click"})
    assert "another call" in refused(other, 422, "idempotency_key_used")


def test_a_click_that_is_repeated_after_a_restart_starts_no_second_job(tmp_path: Path) -> None:
    """Documented: paid calls are recorded under their key in the store."""
    key = {"idempotency-key": "kept"}
    with ui_client(tmp_path) as first:
        made = first.call("generate_core", FOX, **key, **LONG).json()["result"]
    with ui_client(tmp_path) as second:
        again = second.call("generate_core", FOX, **key, **LONG).json()["result"]
        listed = jobs(second)

    assert again["jobs"][0]["id"] == made["jobs"][0]["id"]
    assert len(listed) == 1


@pytest.mark.anyio
async def test_results_of_a_closed_page_are_not_announced_to_chats(tmp_path: Path) -> None:
    """Chosen: the gallery shows them; a model that never asked for them would be misled."""
    with ui_client(tmp_path) as page:
        page.call("generate_core", FOX)
        while jobs(page)[0]["state"] != "done":
            page.http.get("/api/stability/health")

    async with open_studio(settings_in(tmp_path)) as studio:
        assert await studio.uncollected_line() is None


def test_a_call_that_fails_leaves_its_key_free(page: UiClient) -> None:
    """Chosen: nothing was done, so the corrected call is the same click."""
    key = {"idempotency-key": "corrected"}

    assert page.call("guide", {"topic": "nothing"}, **key).json()["result"]["is_error"]
    assert not page.call("guide", {"topic": "masks"}, **key).json()["result"]["is_error"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("media_import", {"source": "/etc/passwd"}),
        ("media_import", {"source": "clipboard"}),
        ("edit_erase", {"image": "~/photo.png"}),
        ("image_transform", {"image": "{folder}/own.png", "operations": [{"type": "flip"}]}),
    ],
)
def test_a_call_names_no_file_of_this_machine(
    page: UiClient, folder: Path, tool: str, arguments: dict[str, Any]
) -> None:
    """Documented: uploads are the only way in, even with the token."""
    (folder / "own.png").write_bytes(picture((64, 64)))
    given = {
        name: value.format(folder=folder) if isinstance(value, str) else value
        for name, value in arguments.items()
    }

    result = page.call(tool, given).json()["result"]

    assert result["is_error"]
    assert result["charged"] == "not charged"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"prompt": "\\ud800"}', 400),
        (b'{"prompt": "a", "prompt": "b"}', 400),
        (b'{"seed": NaN}', 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b" " * (4 * 1024 * 1024 + 1), 413),
    ],
)
def test_a_broken_body_is_refused_before_anything_runs(
    page: UiClient, body: bytes, status: int
) -> None:
    """Documented: half surrogate pairs, repeated names and NaN are refused."""
    answer = page.http.post("/api/ui/tools/generate_core", content=body)

    assert answer.status_code == status, answer.text
    assert "Nothing was charged" in answer.json()["text"] or status == 400


def test_markup_in_texts_comes_back_as_text(page: UiClient) -> None:
    """Documented: texts are text nodes; JSON has them as they are."""
    label = "<img src=x onerror=alert(1)> \u202etxt"
    media = page.call("generate_core", {"prompt": label, "label": label}, **LONG).json()
    link = page.links(found := media["result"]["media"][0]["id"])[found]["original"]

    answer = page.http.get(link)

    assert answer.headers["content-type"] == "image/png"
    assert "<" not in answer.headers["content-disposition"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert page.call("media_show", {"media": found}).headers["content-type"] == "application/json"


def test_an_unknown_tool_or_path_is_404(page: UiClient) -> None:
    """Chosen: with a suggestion, as for MCP clients."""
    assert "generate_core" in refused(page.call("generate_cor", {}), 404, "not_found")
    refused(page.http.get("/api/ui/nothing"), 404, "not_found")
    refused(page.http.get("/api/ui/tools/guide"), 405, "not_found")


def test_a_data_folder_that_cannot_be_used_is_503(tmp_path: Path) -> None:
    """Documented: the page says so and stays open."""
    (tmp_path / "home").write_text("not a folder")
    with ui_client(tmp_path) as page:
        refused(page.http.get("/api/ui/session"), 503, "storage")
        refused(page.call("generate_core", FOX), 503, "storage")


# Operations


def test_every_paid_operation_is_listed_with_what_a_form_needs(page: UiClient) -> None:
    """Documented: title, schema, price range, seconds, file arguments and kind; from the table."""
    answer = page.http.get("/api/ui/operations")
    listed = {each["name"]: each for each in answer.json()}
    paid = {name: row for name, row in OPERATIONS.items() if row.is_paid()}

    assert set(listed) > set(paid)
    assert listed["image_mask"]["price"] == [0, 0]
    for name, row in paid.items():
        found = listed[name]
        low, high = row.price_range()
        assert found["price"] == [low / 1000, high / 1000]
        assert set(found["files"]) == set(row.file_fields())
        assert set(found["files"]) <= set(found["schema"]["properties"])
    same = page.http.get("/api/ui/operations", headers={"if-none-match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


# Saved plans


def _save(page: UiClient, name: str, plan: object, version: str | None = None) -> httpx2.Response:
    headers = {} if version is None else {"if-match": f'"{version}"'}
    return page.http.put(f"/api/ui/workflows/{name}", json={"plan": plan}, headers=headers)


def test_a_plan_is_saved_listed_and_replaced(page: UiClient) -> None:
    """Documented: If-Match has the version that was edited."""
    first = _save(page, "foxes", PLAN)
    second = _save(page, "foxes", {**PLAN, "title": "Foxes"}, first.json()["version"])
    listed = page.http.get("/api/ui/workflows").json()

    assert first.headers["etag"] == f'"{first.json()["version"]}"'
    assert [each for each in listed["saved"] if each["name"] == "foxes"] == [second.json()]
    assert second.json()["plan"] == {**PLAN, "title": "Foxes"}
    assert {"name", "title", "description", "schema", "example"} <= set(listed["templates"][0])
    assert page.call("workflow_plan", {"template": "foxes"}).json()["result"]["is_error"] is False


def test_two_tabs_that_edit_one_plan_lose_nothing(page: UiClient) -> None:
    """Documented: one is saved, the other gets 409 with the stored version."""
    version = _save(page, "shared", PLAN).json()["version"]
    plans = [{**PLAN, "title": f"Tab {number}"} for number in range(6)]
    with ThreadPoolExecutor(6) as tabs:
        answers = list(tabs.map(lambda plan: _save(page, "shared", plan, version), plans))

    saved = [each.json() for each in answers if each.status_code == 200]
    lost = [each.json() for each in answers if each.status_code == 409]
    assert (len(saved), len(lost)) == (1, 5)
    assert [each["stored"] for each in lost] == saved * 5


def test_a_new_plan_replaces_no_other_and_a_deleted_one_is_a_conflict(
    page: UiClient, folder: Path
) -> None:
    """Chosen: nothing is replaced or brought back by accident; saving it twice is fine."""
    first = _save(page, "kept", PLAN).json()

    assert "exists already" in refused(_save(page, "kept", {**PLAN, "title": "x"}), 409, "conflict")
    assert _save(page, "KEPT", PLAN).json() == first
    (folder / "home" / PLANS / "kept.json").unlink()
    text = refused(_save(page, "kept", PLAN, first["version"]), 409, "conflict")
    assert "was deleted" in text


@pytest.mark.parametrize(
    ("name", "plan", "problem"),
    [
        ("bad", {"steps": []}, "no steps"),
        ("bad", "not a plan", "plan"),
        ("bad", None, "plan"),
        ("...", PLAN, "name of a file"),
        ("ab_test", PLAN, "is a template"),
    ],
)
def test_a_plan_that_cannot_be_saved_is_refused_with_the_reason(
    page: UiClient, name: str, plan: object, problem: str
) -> None:
    """Chosen: the page shows the reason next to the plan."""
    answer = _save(page, name, plan)

    assert answer.status_code == 400
    assert problem in answer.json()["text"]


def test_a_folder_that_cannot_be_written_is_503(tmp_path: Path) -> None:
    """Documented: the plan stays in the page as a draft."""
    (tmp_path / "home").mkdir()
    with ui_client(tmp_path) as page:
        (tmp_path / "home" / PLANS).write_text("not a folder")
        assert "can't be written" in refused(_save(page, "foxes", PLAN), 503, "storage")


# Pictures


def test_a_picture_has_three_forms_that_browsers_keep(page: UiClient) -> None:
    """Documented: thumb of 320 pixels, view of 1,600, and the original with ranges."""
    media = page.store(picture((2_000, 1_000)))
    links = page.links(media)[media]
    sizes = {form: page.http.get(links[form]) for form in ("thumb", "view", "original")}
    part = page.http.get(links["original"], headers={"range": "bytes=0-7"})

    drawn = {form: Image.open(BytesIO(each.content)).size for form, each in sizes.items()}
    assert drawn == {"thumb": (320, 160), "view": (1_600, 800), "original": (2_000, 1_000)}
    assert (part.status_code, part.content) == (206, b"\x89PNG\r\n\x1a\n")
    for link, answer in zip(links.values(), sizes.values(), strict=True):
        assert answer.headers["cache-control"].startswith("private, max-age=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = page.http.get(link, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304


def test_a_large_picture_is_drawn_once(page: UiClient, folder: Path) -> None:
    """Documented: in a worker, within the memory for pictures; later requests read the file."""
    media = page.store(picture((7_000, 7_000), "L"))
    link = page.links(media)[media]["thumb"]
    with ThreadPoolExecutor(6) as requests:
        found = {each.content for each in requests.map(page.http.get, [link] * 6)}

    [data] = found
    assert Image.open(BytesIO(data)).size == (320, 320)
    kept = [each for each in folder.rglob(f"{FOLDER}/*/*.webp") if each.read_bytes() == data]
    assert len(kept) == 1


def test_a_picture_that_is_too_large_to_draw_can_be_downloaded(page: UiClient) -> None:
    """Chosen: 89 megapixels are the most that is stored; the page shows an icon."""
    media = page.store(data := picture((9_400, 9_400), "L"))
    links = page.links(media)[media]

    assert "Download it" in refused(page.http.get(links["thumb"]), 404, "not_drawn")
    assert page.http.get(links["original"]).content == data


def test_a_deleted_item_under_the_cursor_is_gone_for_the_page(page: UiClient) -> None:
    """Documented: its links answer 404, and it gets no new ones."""
    media = page.make("a fox that is deleted")
    links = page.links(media)[media]
    page.call("media_delete", {"media": media})

    for link in links.values():
        assert "was deleted" in refused(page.http.get(link), 404, "not_found")
    assert page.links(media, "aaaaaaaaaa", "../../etc/passwd", "\u202e") == {}


def test_too_many_or_wrong_ids_are_refused(page: UiClient) -> None:
    """Documented: up to 200 ids."""
    for ids in (["a"] * 201, "abc", [1], None):
        answer = page.http.post("/api/ui/pictures", json={"ids": ids})
        refused(answer, 400, "invalid_arguments")


def test_a_full_disk_only_keeps_thumbnails_from_being_kept(tmp_path: Path) -> None:
    """Documented: they are a cache."""
    with ui_client(tmp_path) as page:
        media = page.make("a fox")
        (tmp_path / "home/emulator" / FOLDER).write_text("not a folder")
        link = page.links(media)[media]["thumb"]
        assert page.http.get(link).headers["content-type"] == "image/webp"


@pytest.mark.anyio
async def test_thumbnails_stay_below_their_limit_and_end_with_their_media(tmp_path: Path) -> None:
    """Documented: the folder is bounded and swept."""
    kept = tmp_path / FOLDER / "aa"
    kept.mkdir(parents=True)
    blobs = tmp_path / "blobs" / "aa"
    blobs.mkdir(parents=True)
    for number in range(10):
        (kept / f"aa{number}-thumb.webp").write_bytes(bytes(1_000))
        if number:
            (blobs / f"aa{number}").touch()

    thumbnails = Thumbnails(tmp_path, max_bytes=5_000)
    thumbnails.sweep()

    left = sorted(each.name for each in kept.iterdir())
    assert len(left) == 4
    assert "aa0-thumb.webp" not in left
