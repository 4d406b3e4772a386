"""A server that checks requests against the facts and records every fault.

It isn't an emulator: it returns canned results, keeps no state and uses no code of the program.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from support.api.facts_checks import Fact, Request, endpoint_of, faults
from support.imaging import sample_files

KEY = "sk-facts0123456789"
ID = "a6dc6c6e20acda010fe14d71f180658f2896ed9b4ec25aa99a6ff06c796987c4"
SEED = "343940597"

PICTURES = {
    "png": sample_files.png((64, 64)),
    "jpeg": sample_files.jpeg((64, 64)),
    "webp": sample_files.webp((64, 64)),
}
SOUNDS = {"mp3": sample_files.mp3(0.5), "wav": sample_files.wav(0.5)}
MODEL = sample_files.glb()

QUERIES: dict[str, Any] = {
    "v1_user_balance": {"credits": 0.6336833840314097},
    "v1_user_account": {
        "id": "user-1234",
        "email": "example@stability.ai",
        "organizations": [
            {"id": "org-1234", "name": "Example", "role": "MEMBER", "is_default": True}
        ],
        "profile_picture": "https://api.stability.ai/example.png",
    },
    "v1_engines_list": [
        {
            "description": "Stability-AI Stable Diffusion XL v1.0",
            "id": "stable-diffusion-xl-1024-v1-0",
            "name": "Stable Diffusion XL v1.0",
            "type": "PICTURE",
        }
    ],
}


class FactsServer(ThreadingHTTPServer):
    """The server.

    Attributes:
        faults: What was wrong with the requests so far.
        requests: The requests so far.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults: list[str] = []
        self.requests: list[Request] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def answer(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        found = list(faults(request, KEY))
        self.requests.append(request)
        self.faults += found
        endpoint = endpoint_of(request.method, request.path)
        if found or endpoint is None:
            error = {
                "errors": found,
                "id": "ed14db44362126aab3cbd25cca51ffe3",
                "name": "bad_request",
            }
            return 400, {"content-type": "application/json"}, json.dumps(error).encode()
        return self._success(request, endpoint)

    def _success(self, request: Request, endpoint: Fact) -> tuple[int, dict[str, str], bytes]:
        if endpoint["mode"] == "poll":
            polls = [each.path for each in self.requests].count(request.path)
            if polls == 1:
                return _json(202, {"id": ID, "status": "in-progress"})
            sound = endpoint["id"] == "audio_results"
            return _media("audio/mpeg", SOUNDS["mp3"]) if sound else _picture("png")
        if endpoint["mode"] == "async":
            return _json(endpoint["success"]["status"], {"id": ID})
        if request.method == "GET":
            return _json(200, QUERIES[endpoint["id"]])
        return _result(request, endpoint["family"])


def _result(request: Request, family: str) -> tuple[int, dict[str, str], bytes]:
    if family == "3d":
        return 200, {"content-type": "model/gltf-binary"}, MODEL
    if family == "v1":
        return _json(200, {"artifacts": [_sample(n) for n in range(_samples(request))]})
    output_format = request.parts.get("output_format")
    if family == "audio":
        form = output_format.data.decode() if output_format else "mp3"
        return _media("audio/mpeg" if form == "mp3" else "audio/wav", SOUNDS[form])
    return _picture(output_format.data.decode() if output_format else "png")


def _samples(request: Request) -> int:
    if "samples" in request.parts:
        return int(request.parts["samples"].data)
    return int(json.loads(request.body).get("samples", 1)) if not request.parts else 1


def _sample(number: int) -> dict[str, object]:
    packed = base64.b64encode(PICTURES["png"]).decode()
    return {"base64": packed, "seed": number + 1, "finishReason": "SUCCESS"}


def _json(status: int, body: object) -> tuple[int, dict[str, str], bytes]:
    return status, {"content-type": "application/json"}, json.dumps(body).encode()


def _picture(form: str) -> tuple[int, dict[str, str], bytes]:
    return _media(f"image/{form}", PICTURES[form])


def _media(media_type: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    headers = {
        "content-type": media_type,
        "finish-reason": "SUCCESS",
        "seed": SEED,
        "x-request-id": "b53a0cd5f1b3d9b6",
    }
    return 200, headers, body


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FactsServer
    timeout: ClassVar[float] = 30

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        status, headers, answer = self.server.answer(request)
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(answer))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = _answer  # noqa: N815 -- http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
        """Log nothing."""


@contextmanager
def facts_server() -> Iterator[FactsServer]:
    """Serve on a free loopback port."""
    server = FactsServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
