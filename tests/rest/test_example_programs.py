"""Programs that others wrote for the documented routes run against the server as they are.

Only the port is replaced, and for a page of another origin the URL. `service_loop.py` is run by
tests/service, and `workflow.json` by test_advanced_routes.py.
"""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import soundfile
from PIL import Image
from playwright.sync_api import Page

from protocol import support_node
from protocol.support_node import GLTF_VALIDATOR, installed, node
from stability_mcp.rest.route import PREFIX
from support.browser import chromium
from support.imaging.sample_files import png
from support.pages.browsing import BrowserThread, in_browser, tab
from support.rest.dev_server import DevServer, dev_server
from support.rest.rest_server import refused, rest_server

PROGRAMS = Path(__file__).parent / "examples"
SCRIPT = (PROGRAMS / "fetch_formdata.mjs").read_text(encoding="utf-8")
ULTRA = f"{PREFIX}/generate/ultra"
EXPECTED_ORIGIN = "http://localhost:8000"
"""Where the programs expect the server."""
RUN = """
import pathlib, runpy, sys

answer = runpy.run_path(sys.argv[1])["response"]
pathlib.Path("body").write_bytes(answer.content)
print(answer.status_code)
"""
"""Runs a program as it is, and keeps the answer that it got."""
VALIDATE = Path(support_node.__file__).with_name("validate_glb.mjs")
SECONDS = 60

KEEP_URL = """
const create = URL.createObjectURL;
globalThis.imageUrl = new Promise((resolve, reject) => {
  URL.createObjectURL = (blob) => {
    const url = create.call(URL, blob);
    resolve(url);
    return url;
  };
  setTimeout(reject, 30_000, new Error("the script made no picture"));
});
"""
"""Makes `imageUrl` of the script, which only its module sees, visible to the page."""
SHOW = """async () => {
  const picture = new Image();
  picture.src = await imageUrl;
  await picture.decode();
  return [picture.naturalWidth, picture.naturalHeight];
}"""
"""Shows the picture in the page; returns its size."""

pytestmark = pytest.mark.processes


@dataclass(frozen=True)
class Site:
    """A REST server, and a front end that it allows under the name 127.0.0.1 only."""

    client: httpx2.Client
    front: DevServer

    @property
    def origin(self) -> str:
        """Return the origin of the REST server."""
        return f"http://{self.client.base_url.netloc.decode()}"

    @property
    def jobs(self) -> int:
        """Return how many jobs there are."""
        return len(self.client.get("/jobs", params={"limit": 200}).json()["jobs"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve for the module."""
    with ExitStack() as stack:
        front = stack.enter_context(dev_server())
        folder = tmp_path_factory.mktemp("examples")
        allowed = (front.origin(),)
        client = stack.enter_context(rest_server(folder, cors_origins=allowed))
        found = Site(client, front)
        front.api = found.origin
        yield found


@pytest.fixture(scope="module")
def chrome() -> Iterator[BrowserThread]:
    """Run Chromium."""
    chromium()  # skips the tests where there is none
    started = BrowserThread()
    yield started
    started.close()


# Python -------------------------------------------------------------------------------------------


def run(name: str, site: Site, folder: Path) -> bytes:
    """Run a program in a folder; return the body of the answer it got, which must be 200."""
    source = (PROGRAMS / name).read_text(encoding="utf-8")
    assert source.count(EXPECTED_ORIGIN) == 1
    (folder / name).write_text(source.replace(EXPECTED_ORIGIN, site.origin), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", RUN, name],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )

    assert done.stdout.strip() == "200", done.stdout + done.stderr
    return (folder / "body").read_bytes()


def shape(width: int, height: int) -> float:
    """Return the aspect ratio."""
    return width / height


def test_text_to_image_makes_a_wide_png(site: Site, tmp_path: Path) -> None:
    """Documented: generated_image.png decodes as PNG, 16:9."""
    run("text_to_image.py", site, tmp_path)

    with Image.open(tmp_path / "generated_image.png") as picture:
        picture.load()
        assert picture.format == "PNG"
        assert shape(*picture.size) == pytest.approx(16 / 9, rel=0.02)  # such as 1344x768


def test_inpaint_answers_a_picture_of_the_size_of_the_input(site: Site, tmp_path: Path) -> None:
    """Documented: the body is a picture of the input's size."""
    size = (160, 96)
    (tmp_path / "input.png").write_bytes(png(size))
    (tmp_path / "mask.png").write_bytes(png(size, "L"))

    body = run("inpaint.py", site, tmp_path)

    with Image.open(io.BytesIO(body)) as picture:
        picture.load()
        assert picture.size == size


def test_text_to_audio_makes_a_minute_of_sound(site: Site, tmp_path: Path) -> None:
    """Documented: generated_audio.mp3 decodes to 60 s."""
    run("text_to_audio.py", site, tmp_path)

    samples, rate = soundfile.read(tmp_path / "generated_audio.mp3", dtype="int16")
    assert len(samples) / rate == pytest.approx(60, abs=0.1)


def test_image_to_3d_makes_a_valid_model(site: Site, tmp_path: Path) -> None:
    """Documented: model.glb passes a glTF validator."""
    (tmp_path / "object.png").write_bytes(png((256, 256), "RGBA"))

    run("image_to_3d.py", site, tmp_path)

    validator = str(installed(GLTF_VALIDATOR))
    done = node(VALIDATE, validator, str(tmp_path / "model.glb"), home=tmp_path, seconds=SECONDS)
    [report] = json.loads(done.stdout)
    assert (report["issues"]["numErrors"], report["issues"]["numWarnings"]) == (0, 0), report


# Browser ------------------------------------------------------------------------------------------


def shown_size(page: Page) -> list[int]:
    """Wait for the picture of the script and return its size as the page shows it."""
    found: list[int] = page.evaluate(SHOW)
    return found


@in_browser
def test_the_script_runs_in_a_page_of_the_server_itself(chrome: BrowserThread, site: Site) -> None:
    """Documented: unchanged; and within the content security policy of the page."""
    script = f"{site.origin}{PREFIX}/docs/fetch_formdata.mjs"
    with tab(chrome.browser) as opened:
        page = opened.page
        page.add_init_script(KEEP_URL)
        # The policy allows scripts of the server only, so the browser runs it as one.
        page.route(script, lambda route: route.fulfill(body=SCRIPT, content_type="text/javascript"))
        page.goto(f"{site.origin}{PREFIX}/docs")
        page.add_script_tag(url=script, type="module")

        assert shape(*shown_size(page)) == pytest.approx(16 / 9, rel=0.02)


@in_browser
def test_the_script_runs_in_a_page_of_an_allowed_origin(chrome: BrowserThread, site: Site) -> None:
    """Documented: with an absolute URL, if STABILITY_CORS_ORIGINS names the origin."""
    site.front.script = SCRIPT.replace(ULTRA, f"{site.origin}{ULTRA}")
    with tab(chrome.browser) as opened:
        opened.page.add_init_script(KEEP_URL)
        opened.page.goto(site.front.origin())

        assert shape(*shown_size(opened.page)) == pytest.approx(16 / 9, rel=0.02)


@in_browser
def test_the_script_gets_nothing_in_a_page_of_another_origin(
    chrome: BrowserThread, site: Site
) -> None:
    """Documented: 403; nothing was started, and the page can't even read the error."""
    site.front.script = SCRIPT.replace(ULTRA, f"{site.origin}{ULTRA}")
    jobs = site.jobs
    with tab(chrome.browser) as opened:
        opened.page.add_init_script(KEEP_URL)
        with opened.page.expect_event("pageerror") as failed:
            opened.page.goto(site.front.origin("localhost"))

        assert "Failed to fetch" in str(failed.value)
        assert opened.page.evaluate("Promise.race([imageUrl, null])") is None
        assert any("blocked by CORS policy" in each for each in opened.problems)
        opened.problems.clear()  # these were expected
    answer = site.client.post(
        "/generate/ultra",
        files={"prompt": (None, "A beautiful landscape")},
        headers={"origin": site.front.origin("localhost")},
    )
    refused(answer, 403, "foreign_origin")
    assert site.jobs == jobs


@in_browser
def test_the_script_runs_behind_a_development_server(chrome: BrowserThread, site: Site) -> None:
    """Documented: unchanged; the origin is named, and the proxy sets Host to ours."""
    site.front.script = SCRIPT
    site.front.host = None
    with tab(chrome.browser) as opened:
        opened.page.add_init_script(KEEP_URL)
        opened.page.goto(site.front.origin())

        assert shape(*shown_size(opened.page)) == pytest.approx(16 / 9, rel=0.02)


@pytest.mark.parametrize(
    ("name", "host", "refusal"),
    [
        ("localhost", None, (403, "foreign_origin", "STABILITY_CORS_ORIGINS")),
        ("127.0.0.1", "front.test", (421, "misdirected_request", "changeOrigin")),
    ],
    ids=["its origin isn't named", "it keeps a Host of its own"],
)
def test_the_refusal_of_a_development_server_says_what_is_missing(
    site: Site, name: str, host: str | None, refusal: tuple[int, str, str]
) -> None:
    """Documented: else 403 or 421, whose texts say so."""
    site.front.host = host

    answer = httpx2.post(
        f"{site.front.origin()}{ULTRA}",
        files={"prompt": (None, "A beautiful landscape")},
        headers={"origin": site.front.origin(name)},
    )

    status, error, what_to_do = refusal
    assert (answer.status_code, answer.json()["name"]) == (status, error)
    [text] = answer.json()["errors"]
    assert what_to_do in text
