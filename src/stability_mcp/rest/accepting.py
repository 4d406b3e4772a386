"""Reads the header `Accept`: whether a client prefers JSON, and whether it takes a media type.

Length: two rules, used by every answer.
"""

JSON_TYPE = "application/json"


def prefers_json(accept: str) -> bool:
    """Return whether JSON is preferred to every other type that is named."""
    weights = dict(_ranges(accept))
    named = weights.pop(JSON_TYPE, 0.0)
    return named > 0 and all(
        weight < named or (weight == named and "*" in kind) for kind, weight in weights.items()
    )


def accepts(accept: str, media_type: str) -> bool:
    """Return whether a media type is among the ones that are named."""
    family = media_type.partition("/")[0]
    weights = dict(_ranges(accept))
    for kind in (media_type, f"{family}/*", "*/*"):
        if kind in weights:
            return weights[kind] > 0
    return not weights


def _ranges(accept: str) -> list[tuple[str, float]]:
    found = []
    for each in accept.split(","):
        kind, *parameters = (part.strip().casefold() for part in each.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                weight = _number(value)
        if "/" in kind:  # anything else isn't a media type, and is ignored
            found.append((kind, weight))
    return found


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 1.0
