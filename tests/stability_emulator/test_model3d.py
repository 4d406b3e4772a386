"""3D models show the picture's object, within the requested limits."""

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
def test_a_model_has_the_picture_as_texture_in_the_requested_resolution(
    texture: int, photo: Image.Image
) -> None:
    """Documented: `texture_resolution`."""
    described, numbers = glb(relief(photo, Shape(texture=texture)))

    view = described["bufferViews"][described["images"][0]["bufferView"]]
    picture = opened(numbers[view["byteOffset"] : view["byteOffset"] + view["byteLength"]])
    assert picture.size == (texture, texture)


@pytest.mark.parametrize("limit", [100, 1_000, 20_000])
def test_a_model_has_at_most_the_requested_vertices_or_faces(
    limit: int, photo: Image.Image
) -> None:
    """Documented: `vertex_count`, `target_count`."""
    by_vertex, _ = glb(relief(photo, Shape(texture=512, vertices=limit)))
    by_face, _ = glb(relief(photo, Shape(texture=512, faces=limit)))

    assert limit * 0.7 <= by_vertex["accessors"][0]["count"] <= limit
    assert limit * 0.7 <= by_face["accessors"][2]["count"] // 3 <= limit


def test_vertex_indices_and_buffer_views_of_a_model_are_in_range(photo: Image.Image) -> None:
    """Chosen: indices point to vertices, and buffer views lie within the binary chunk."""
    described, numbers = glb(relief(photo, Shape(texture=512)))

    corners = described["bufferViews"][2]
    indices = memoryview(numbers)[corners["byteOffset"] :][: corners["byteLength"]].cast("I")
    assert max(indices) == described["accessors"][0]["count"] - 1
    for view in described["bufferViews"]:
        assert view["byteOffset"] + view["byteLength"] <= len(numbers)
