"""What the emulator models: the object of the picture, within the limits asked for."""

import pytest
from PIL import Image

from stability_emulator.model3d.relief import Shape, relief

from .support_emulated import glb, opened
from .support_render import disc


@pytest.fixture
def photo() -> Image.Image:
    """A red disc on a plain light ground."""
    return disc()


@pytest.mark.parametrize("texture", [512, 1024, 2048])
def test_a_model_wears_the_picture_in_the_texture_resolution(
    texture: int, photo: Image.Image
) -> None:
    """Documented: `texture_resolution`."""
    described, numbers = glb(relief(photo, Shape(texture=texture)))

    view = described["bufferViews"][described["images"][0]["bufferView"]]
    picture = opened(numbers[view["byteOffset"] : view["byteOffset"] + view["byteLength"]])
    assert picture.size == (texture, texture)


@pytest.mark.parametrize("most", [100, 1_000, 20_000])
def test_a_model_has_at_most_the_vertices_or_faces_asked_for(most: int, photo: Image.Image) -> None:
    """Documented: `vertex_count`, `target_count`."""
    by_vertex, _ = glb(relief(photo, Shape(texture=512, vertices=most)))
    by_face, _ = glb(relief(photo, Shape(texture=512, faces=most)))

    assert most * 0.7 <= by_vertex["accessors"][0]["count"] <= most
    assert most * 0.7 <= by_face["accessors"][2]["count"] // 3 <= most


def test_no_number_of_a_model_is_outside_of_what_it_says(photo: Image.Image) -> None:
    """Chosen: indices point to vertices, and views lie within the numbers."""
    described, numbers = glb(relief(photo, Shape(texture=512)))

    corners = described["bufferViews"][2]
    indices = memoryview(numbers)[corners["byteOffset"] :][: corners["byteLength"]].cast("I")
    assert max(indices) == described["accessors"][0]["count"] - 1
    for view in described["bufferViews"]:
        assert view["byteOffset"] + view["byteLength"] <= len(numbers)
