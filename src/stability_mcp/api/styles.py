"""What each style preset makes of a picture, in one line; the names are the API's own.

Length: a table that the guide and later forms share.
"""

from collections.abc import Mapping
from types import MappingProxyType

from stability_mcp.api.fields import StylePreset

STYLES: Mapping[StylePreset, str] = MappingProxyType(
    {
        "enhance": "stronger colours and detail, no style of its own",
        "anime": "Japanese animation: clean outlines, flat bright colours",
        "photographic": "a photo with natural light and skin",
        "digital-art": "polished digital painting, as for games and covers",
        "comic-book": "inked outlines, hatching and flat colours",
        "fantasy-art": "painted magic: glowing light, rich detail",
        "line-art": "black lines on white, no shading; good for colouring books",
        "analog-film": "a photo on old film: grain, soft contrast, faded colours",
        "neon-punk": "night, neon signs, magenta and cyan",
        "isometric": "a tidy scene seen from above at an angle, without perspective",
        "low-poly": "3D shapes made of large flat triangles",
        "origami": "folded paper",
        "modeling-compound": "modelling clay with fingerprints, as in stop-motion films",
        "cinematic": "a film still: dramatic light, shallow focus, graded colours",
        "3d-model": "a rendered 3D model with soft studio light",
        "pixel-art": "large square pixels, as in old games",
        "tile-texture": "a pattern whose edges match, for tiling",
    }
)
"""Documented: the names. Chosen: the words, after what the presets return."""
