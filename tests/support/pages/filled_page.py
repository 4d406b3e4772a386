"""Fills a store through the web page's API: media of every kind, lineage, a mask, a workflow."""

from dataclasses import dataclass
from typing import Any

import httpx2

import support.imaging.sample_files as make

LONG = {"prefer": "wait=25"}
"""Headers of a call that waits for its result."""

PLAN: dict[str, Any] = {
    "title": "Autumn campaign",
    "inputs": {"season": {"default": "autumn", "description": "When it is set"}},
    "steps": [
        {
            "id": "scene",
            "tool": "generate_core",
            "count": 3,
            "review": True,
            "arguments": {
                "prompt": "a mountain lake in {season}, golden hour",
                "aspect_ratio": "3:2",
                "seed": 8,
            },
        },
        {
            "id": "larger",
            "tool": "upscale_fast",
            "arguments": {"image": "$scene"},
        },
        {
            "id": "winter",
            "tool": "edit_search_and_replace",
            "arguments": {
                "image": "$scene",
                "prompt": "a frozen lake under snow",
                "search_prompt": "lake",
            },
        },
        {
            "id": "cut",
            "tool": "edit_remove_background",
            "arguments": {"image": "$winter"},
        },
        {
            "id": "banner",
            "tool": "image_transform",
            "foreach": [1200, 600],
            "arguments": {"image": "$larger", "steps": [{"op": "resize", "longest": "$item"}]},
        },
    ],
    "outputs": {"banner": "$banner", "cut": "$cut"},
}
"""A workflow with a review, an input, variants and a list."""


@dataclass(frozen=True)
class Filled:
    """Ids of what was stored.

    Attributes:
        picture: A picture that others were made of.
        edited: One that was made of it.
        mask: A mask on it.
        sound: A sound.
        model: A 3D model.
        run: A run of `PLAN` that waits for a pick.
    """

    picture: str
    edited: str
    mask: str
    sound: str
    model: str
    run: str


def open_client(base: str, token: str) -> httpx2.Client:
    """Return a client that may do what an open page may.

    Args:
        base: Address of the server.
        token: The page's token.
    """
    headers = {
        "origin": base,
        "sec-fetch-site": "same-origin",
        "authorization": f"Bearer {token}",
    }
    return httpx2.Client(base_url=base, timeout=60, headers=headers)


def call(http: httpx2.Client, tool: str, **arguments: object) -> dict[str, Any]:
    """Call a tool as the page does, and return the facts of its result.

    Args:
        http: Has the address of the server and the headers of an open page.
        tool: Its name.
        **arguments: Its arguments.
    """
    answer = http.post(f"/api/ui/tools/{tool}", json=arguments, headers=LONG)
    assert answer.status_code == 200, answer.text
    facts: dict[str, Any] = answer.json()["result"]
    assert not facts.get("is_error"), answer.text
    return facts


def made(http: httpx2.Client, tool: str, **arguments: object) -> str:
    """Call a tool and return the id of what it made."""
    media: str = call(http, tool, **arguments)["media"][0]["id"]
    return media


def fill(http: httpx2.Client, label: str = "harbour", prompt: str = "a harbour at dawn") -> Filled:
    """Store an item of each kind, and a workflow with a run that waits for a pick.

    Args:
        http: Has the address of the server and the headers of an open page.
        label: Label of the picture that the others are made of.
        prompt: Its prompt.
    """
    picture = made(http, "generate_core", prompt=prompt, label=label, aspect_ratio="3:2", seed=7)
    uri = f"media://{picture}"
    box = {"shape": "rectangle", "box": [0.35, 0.55, 0.65, 0.85]}
    mask = made(http, "image_mask", image=uri, shapes=[box], label=f"{label} mask"[:100])
    saved = http.put("/api/ui/workflows/autumn", json={"plan": PLAN, "description": "Scenes"})
    assert saved.status_code in {200, 201}, saved.text
    return Filled(
        picture=picture,
        mask=mask,
        edited=made(
            http,
            "edit_inpaint",
            image=uri,
            mask=f"media://{mask}",
            prompt="a small red sailing boat",
            label="red boat",
            seed=7,
        ),
        sound=_stored(http, make.wav(3.0), "audio/wav", "gulls"),
        model=_stored(http, make.glb(), "model/gltf-binary", "buoy"),
        run=call(http, "workflow_run", plan=PLAN)["id"],
    )


def _stored(http: httpx2.Client, data: bytes, media_type: str, label: str) -> str:
    """Store a file and return its id."""
    answer = http.post(
        "/api/stability/media",
        params={"label": label},
        content=data,
        headers={"content-type": media_type},
    )
    assert answer.status_code in {200, 201}, answer.text
    media: str = answer.json()["media"][0]["id"]
    return media
