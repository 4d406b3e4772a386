"""Routes without a token: health, readiness, and what the operations are."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from stability_emulator.faults import Fault
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.styles import STYLES
from support.imaging.sample_files import png
from support.rest.rest_server import admin, refused, rest_server
from support.rest.server_process import http_server


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve for the module, under a name that always needs the token."""
    with rest_server(tmp_path_factory.mktemp("open"), hosts=("studio.example",)) as found:
        found.headers["host"] = "studio.example"
        yield found


@pytest.mark.parametrize("path", ["/health", "/ready", "/models/info", "/supported-formats"])
def test_no_token_is_needed(client: httpx2.Client, path: str) -> None:
    """Documented: these need none; others do."""
    assert client.get(path).status_code == 200
    refused(client.get("/user/balance"), 401, "unauthorized")


def test_every_operation_is_described(client: httpx2.Client) -> None:
    """Documented: title, models, credits, seconds, pixel limits, fields."""
    found = {each["name"]: each for each in client.get("/models/info").json()["operations"]}

    assert list(found) == list(OPERATIONS)
    sd3 = found["generate_sd3"]
    assert sd3["models"][0] == "sd3.5-large"
    assert sd3["credits"]["low"] < sd3["credits"]["high"]
    assert sd3["path"] == "/api/stability/generate/sd3"
    assert found["upscale_fast"]["files"]["image"]["max_pixels"] == 1_048_576
    assert found["edit_erase"]["files"]["mask"]["mask_for"] == "image"
    for name, row in OPERATIONS.items():
        assert set(found[name]["fields"]) == set(row.model_fields)


def test_formats_and_styles_come_from_the_table(client: httpx2.Client) -> None:
    """Documented: formats, ratios, styles with a line each, size limits."""
    found = client.get("/supported-formats").json()

    assert found["inputs"] == {"image": ["jpeg", "png", "webp"], "audio": ["mp3", "wav"]}
    assert set(found["outputs"]["image"]) == {"jpeg", "png", "webp"}
    assert "16:9" in found["aspect_ratios"]
    assert {each["name"] for each in found["style_presets"]} == set(STYLES)
    assert found["limits"]["max_file_bytes"] == 100_000_000


def test_account_queries_answer(client: httpx2.Client) -> None:
    """Documented: account and organizations, credits, v1 engines."""
    account = client.get("/user/account", headers=admin()).json()
    balance = client.get("/user/balance", headers=admin()).json()
    engines = client.get("/engines/list", headers=admin()).json()

    assert account["organizations"][0]["is_default"]
    assert balance["credits"] > 0
    assert engines["engines"][0]["type"] == "PICTURE"


def test_a_server_whose_api_is_paused_isnt_ready(tmp_path: Path) -> None:
    """Documented: 503 with Retry-After; says no more than that."""
    faults = [Fault(path="*/upscale/fast", status=402)]
    with rest_server(tmp_path, faults=faults) as client:
        files = {"image": ("photo.png", png((80, 64)))}
        refused(client.post("/upscale/fast", files=files), 402, "out_of_credits")
        answer = client.get("/ready")
        is_healthy = client.get("/health").status_code

    assert "out of credits" in refused(answer, 503, "not_ready")
    assert answer.headers["retry-after"] == "30"
    assert is_healthy == 200


def test_a_server_without_a_store_isnt_ready(tmp_path: Path) -> None:
    """Documented: 503; the folder is in the log, not in the answer."""
    (tmp_path / "home").write_text("a file")
    with rest_server(tmp_path) as client:
        answer = client.get("/ready")
        usage = client.get("/usage")

    assert "store" in refused(answer, 503, "not_ready")
    assert "data folder" in refused(usage, 503, "storage")
    assert str(tmp_path) not in answer.text + usage.text


def test_no_log_holds_a_secret_and_forwarded_addresses_are_ignored(tmp_path: Path) -> None:
    """Documented: tokens are in no log, error or URL; requests aren't logged, even at DEBUG."""
    with http_server(tmp_path, STABILITY_LOG_LEVEL="DEBUG") as server:
        headers = {"authorization": f"Bearer {server.token}"}
        with httpx2.Client(base_url=server.rest, headers=headers) as client:
            made = client.post("/uploads", json={"name": "a.png", "bytes": 3}).json()
            sent = httpx2.put(f"{server.origin}{made['url']}", content=b"x" * 4)
            wrong = httpx2.post(
                f"{server.rest}/webhooks", headers={"authorization": "Bearer wrong-token"}
            )
            found = client.get("/jobs", params={"operation": "secret words"})
        forwarded = httpx2.get(f"{server.rest}/jobs", headers={"x-forwarded-for": "192.0.2.1"})
        server.process.terminate()
        _, log = server.process.communicate(timeout=20)

    signature = made["url"].rpartition("=")[2]
    assert (sent.status_code, wrong.status_code, found.status_code) == (413, 401, 404), found.text
    assert forwarded.status_code == 200, forwarded.text
    assert "ratelimit" not in forwarded.headers
    assert "DEBUG" in log
    for secret in (server.token, "wrong-token", signature, "secret"):
        assert secret not in log
        assert secret not in sent.text + wrong.text
