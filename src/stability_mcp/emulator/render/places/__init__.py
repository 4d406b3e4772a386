"""The places that the emulator can draw, each a function that paints it and says what fits in."""

from collections.abc import Callable, Mapping

from stability_mcp.emulator.render.canvas import Canvas
from stability_mcp.emulator.render.places import barren, beyond, built, coast, inside, land
from stability_mcp.emulator.render.places.stage import Stage
from stability_mcp.emulator.render.reading import Reading

PLACES: Mapping[str, Callable[[Canvas, Reading], Stage]] = {
    "sea": coast.sea,
    "beach": coast.beach,
    "lake": coast.lake,
    "mountains": land.mountains,
    "forest": land.forest,
    "city": built.city,
    "street": built.street,
    "desert": barren.desert,
    "field": land.field,
    "snow": barren.snow,
    "room": inside.room,
    "space": beyond.space,
    "underwater": beyond.underwater,
    "sky": beyond.heaven,
    "studio": inside.studio,
}
