"""The facts, and what they state about an operation, as `place: value`."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "facts"

Facts = dict[str, Any]
Places = dict[str, Any]


@cache
def read(name: str) -> Any:  # noqa: ANN401 -- YAML of any shape
    """Return a parsed file of `tests/facts`; callers must not modify it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the pure Python loader takes seconds
    return yaml.load((FOLDER / name).read_text(encoding="utf-8"), Loader=loader)  # noqa: S506


def facts() -> Facts:
    """Return `facts.yaml`."""
    loaded: Facts = read("facts.yaml")
    return loaded


def endpoints(source: Facts) -> dict[str, Facts]:
    """Return the endpoints that are operations, by the operation's name."""
    names, left_out = read("names.yaml"), read("left_out.yaml")
    return {
        names.get(each["id"], each["id"]): each
        for each in source["endpoints"]
        if each["id"] not in left_out
    }


def documented(endpoint: Facts, source: Facts) -> Places:
    """Return what the facts state about an endpoint; None where they state nothing."""
    return dict(_documented(endpoint, source))


def documented_prices(endpoint: Facts) -> Places:
    """Return the documented millicredits by the arguments they depend on."""
    return dict(_prices(endpoint))


def _documented(endpoint: Facts, source: Facts) -> Iterator[tuple[str, Any]]:
    yield "method", endpoint["method"]
    yield "path", endpoint["path"]
    yield "status", endpoint["success"]["status"]
    yield "deferred", endpoint["mode"] == "async"
    yield "request", endpoint.get("request_content_type")
    then = re.search(r"GET (\S+)", endpoint["success"].get("then", ""))
    if then:
        yield "poll", then[1]
        yield "poll also", _other_polls(then[1], source["async"]["poll"])
    yield "accept", _accept(endpoint, source, then[1] if then else None)
    yield from _max_body(endpoint, source)
    for name, field in endpoint["fields"].items():
        yield from ((f"{name}.{aspect}", value) for aspect, value in _field(field, source))


def _other_polls(path: str, polls: Facts) -> dict[str, str] | None:
    """Return the accept header by each further results path in the facts."""
    audio = polls["audio3"].removeprefix("GET ")
    found = re.match(r"GET (\S+) .*accept (\S+)\)", polls["audio3_also"])
    return {found[1]: found[2]} if found and path == audio else None


def _accept(endpoint: Facts, source: Facts, poll_path: str | None) -> str:
    polls = [each for each in source["endpoints"] if each["path"] == poll_path]
    headers = [each["accept"]["default"] for each in (endpoint, *polls) if each["accept"]["values"]]
    return headers[0] if headers else "*/*"


def _max_body(endpoint: Facts, source: Facts) -> Iterator[tuple[str, int]]:
    sizes = source["file_profiles"]["request_size"]
    if not endpoint["path"].startswith("/v2beta"):
        return
    kind = "audio_3" if "/stable-audio/" in endpoint["path"] else "audio_2"
    size = sizes[kind if endpoint["family"] == "audio" else "image_and_3d_v2beta"]
    number, unit = size.split()[:2]
    yield "max_body", int(number) * {"MB": 1_000_000, "MiB": 1_048_576}[unit]


def _field(field: Facts, source: Facts) -> Iterator[tuple[str, Any]]:
    yield "type", field["type"]
    yield "required", field["required"]
    yield "in", field.get("in")
    yield "enum", sorted(_resolve(field["enum"], source)) if "enum" in field else None
    yield "min_length", field.get("min_length") or None
    yield "min_items", field.get("min_items")
    yield "max_length", field.get("max_length")
    by_model = field.get("by_model", {})
    for aspect in ("min", "max", "default"):
        several = {model: each[aspect] for model, each in by_model.items()}
        yield aspect, several or field.get(f"{aspect}_by_model", field.get(aspect))
    if "constraints" in field:
        yield from _limits(_resolve(field["constraints"], source))


def _limits(limits: Facts) -> Iterator[tuple[str, Any]]:
    if isinstance(limits["formats"], list):
        yield "formats", sorted(limits["formats"])
    for aspect in ("min_side", "max_side", "max_pixels", "min_seconds", "max_seconds"):
        yield aspect, limits.get(aspect)
    min_side = limits.get("min_side")
    yield "min_pixels", limits.get("min_pixels", min_side and min_side**2)
    longest = re.search(r"and ([\d.]+):1", limits.get("aspect_ratio", ""))
    yield "max_aspect", float(longest[1]) if longest else None


def _resolve(value: Any, source: Facts) -> Any:  # noqa: ANN401 -- YAML of any shape
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    found: Any = source
    for step in value[1:].split("."):
        found = found[step]
    return found


def _prices(endpoint: Facts) -> Iterator[tuple[str, int]]:
    now = endpoint["credits"]["now"]
    models = now if isinstance(now, dict) else {"": now}
    for model, price in models.items():
        chosen = f" model={model}" if model else ""
        sum_of = re.match(r"(\d+) \+ ([\d.]+)\*steps", str(price))
        share = re.search(r"([\d.]+) up to (\d+) steps, else \1\*steps/\2, per sample", str(price))
        if sum_of:
            steps = endpoint["fields"]["steps"]["by_model"][model]
            for count in range(steps["min"], steps["max"] + 1):
                credits_ = float(sum_of[1]) + float(sum_of[2]) * count
                yield f"price{chosen} steps={count}", round(credits_ * 1000)
        elif share:
            for count in range(10, 51):
                for samples in (1, 2, 10):
                    credits_ = float(share[1]) * max(1, count / int(share[2])) * samples
                    yield f"price steps={count} samples={samples}", round(credits_ * 1000)
        else:
            yield f"price{chosen}", round(float(price) * 1000)
