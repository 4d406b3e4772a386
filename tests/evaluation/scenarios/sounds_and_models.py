"""Music, a hummed tune, and 3D models."""

from evaluation.made_files import hummed, photo
from evaluation.scenario import Budget, Call, Delivered, Scenario, Turn, World

SCENARIOS = (
    Scenario(
        name="intro-from-a-hummed-tune",
        conversation="Intro from a hummed sound",
        turns=[
            Turn(
                "I hummed the intro of my podcast: hum.wav. Make warm strings out of it, keep my "
                "melody, and cut it to 5 seconds with a fade at the end. WAV, please.",
                [
                    Call(
                        "audio2_audio_to_audio",
                        audio="hum.wav",
                        prompt="warm strings",
                        strength=0.4,
                        output_format="wav",
                        label="strings",
                    ),
                    Call("audio_edit", sounds=["strings"], end=5, fade_out=1, label="intro"),
                ],
            )
        ],
        allowed=("audio2_*", "audio3_*", "audio_edit", "media_*", "cost_estimate", "guide"),
        good=["The melody is kept; length and fade are exact and free."],
        bad=["Makes music from text.", "Pays for another piece of 5 seconds."],
        budget=Budget(calls=3, bytes=205_000, credits=23),
        charges={"audio2_audio_to_audio": 1},
        files=[Delivered(pattern="intro.wav", format="WAV", seconds=5)],
        world=World(files={"Music/hum.wav": hummed}),
    ),
    Scenario(
        name="model-for-a-game",
        conversation="3D model for a game",
        turns=[
            Turn(
                "Make a game asset from treasure.png: a GLB with at most 2000 vertices and a "
                "texture of 512 pixels, and an OBJ for Blender too. Put both into a folder called "
                "treasure.",
                [
                    Call(
                        "model3d_stable_fast_3d",
                        image="treasure.png",
                        vertex_count=2000,
                        texture_resolution="512",
                        label="treasure model",
                    ),
                    Call("media_export", media=["treasure model"], to="treasure/", preview="none"),
                    Call(
                        "media_export",
                        media=["treasure model"],
                        to="treasure/",
                        format="obj",
                        preview="none",
                    ),
                ],
            )
        ],
        allowed=("model3d_*", "media_*", "edit_remove_background", "image_*", "guide"),
        good=["One model within the limit, in both formats, with the textures of the OBJ."],
        bad=["Pays for a second model for the OBJ.", "Ignores the limit."],
        budget=Budget(calls=4, bytes=120_000, credits=10),
        charges={"model3d_stable_fast_3d": 1},
        files=[
            Delivered(pattern="treasure/*.glb", format="GLB"),
            Delivered(pattern="treasure/**/*.obj"),
            Delivered(pattern="treasure/**/*.mtl"),
        ],
        world=World(files={"Pictures/treasure.png": photo("a treasure chest")}),
    ),
)
