"""Waiting, cancelling, what isn't offered, and other languages."""

from evaluation.made_files import photo
from evaluation.scenario import Budget, Call, Delivered, Found, Scenario, Turn, World

MAKING = ("generate_*", "edit_*", "job_*", "media_*", "image_*", "guide", "cost_estimate")
JOBS = Found(r"\"(\w{10})\"(?=[^\[]*\] until done)", every=True)
"""The ids in "call job_wait with jobs [...] until done"."""

SCENARIOS = (
    Scenario(
        name="longer-than-the-wait",
        conversation="A job longer than the wait",
        turns=[
            Turn(
                "Paint a castle in the clouds, best quality.",
                [
                    Call("generate_ultra", prompt="a castle in the clouds", label="castle"),
                    Call("job_wait", jobs=JOBS, seconds=30),
                ],
            )
        ],
        allowed=MAKING,
        good=["Waits with job_wait until it is done."],
        bad=["Calls generate_ultra again.", "Tells the user that it failed."],
        budget=Budget(calls=4, bytes=135_000, credits=8),
        charges={"generate_ultra": 1},
        files=[Delivered(pattern="castle.png", format="PNG")],
        answers=["still running", "job_wait"],
        world=World(settings={"wait": 0}),
    ),
    Scenario(
        name="cancelling",
        conversation="Cancelling",
        turns=[
            Turn(
                "A draft of a poster with a whale, please.",
                [
                    Call("generate_core", prompt="poster with a whale", label="whale"),
                    Call("job_wait", jobs=JOBS, seconds=30),
                ],
            ),
            Turn(
                "Nice, three more variants.",
                [Call("generate_core", prompt="poster with a whale", label="whale", count=3)],
            ),
            Turn(
                "Stop! I take the first one, I don't want any more of them. What did it cost?",
                [Call("job_cancel", jobs=JOBS)],
            ),
        ],
        allowed=MAKING,
        good=["Cancels all three before they are sent, and says that only the first one cost."],
        bad=["Says that everything was free.", "Lets the three run."],
        budget=Budget(calls=5, bytes=120_000, credits=3),
        charges={"generate_core": 1},
        files=[Delivered(pattern="whale*.png", format="PNG")],
        answers=["3 cancelled, not charged", r"\b3 credits"],
        # One request an hour: the variants are queued when the user says stop.
        world=World(settings={"wait": 0, "rate": "1/3600"}),
    ),
    Scenario(
        name="video-is-not-offered",
        conversation="Video is not offered",
        turns=[
            Turn(
                "Make a video of waves at a beach, 5 seconds.",
                [Call("guide", topic="choose")],
            ),
            Turn(
                "Then a still picture, 16:9, and a sound of waves of 5 seconds to go with it.",
                [
                    Call(
                        "generate_core",
                        prompt="waves at a beach",
                        aspect_ratio="16:9",
                        label="waves",
                    ),
                    Call(
                        "audio2_text_to_audio",
                        prompt="sound of waves at a beach",
                        duration=5,
                        label="sound of waves",
                    ),
                ],
            ),
        ],
        allowed=(*MAKING, "audio2_*"),
        good=["Says that the API has no video any more, and offers picture, frames and sound."],
        bad=["Calls a tool that doesn't exist.", "Spends credits before saying so."],
        budget=Budget(calls=4, bytes=210_000, credits=26),
        charges={"generate_core": 1, "audio2_text_to_audio": 1},
        files=[
            Delivered(pattern="waves.png", format="PNG"),
            Delivered(pattern="sound of waves.mp3", format="MP3", seconds=5),
        ],
        answers=["[Vv]ideo"],
    ),
    Scenario(
        name="german",
        conversation="German",
        turns=[
            Turn(
                "Ersetze bitte in balkon.png den Himmel durch einen Sonnenuntergang und nenn das "
                "Bild Abendrot über der Straße.",
                [
                    Call(
                        "edit_search_and_replace",
                        image="balkon.png",
                        search_prompt="sky",
                        prompt="sunset sky, orange and pink",
                        label="Abendrot über der Straße",
                    )
                ],
            ),
            Turn(
                "Schön! Das letzte Bild noch als quadratisches JPEG mit 1080 Pixeln in den "
                "Ordner Balkonfotos.",
                [
                    Call(
                        "media_export",
                        media=["Abendrot über der Straße"],
                        to="Balkonfotos/",
                        width=1080,
                        height=1080,
                        fit="cover",
                        format="jpeg",
                    )
                ],
            ),
        ],
        allowed=MAKING,
        good=["Prompts are in English, the name stays German with its umlaut."],
        bad=["Sends a German prompt, which the API refuses.", "Loses the umlauts of the name."],
        budget=Budget(calls=3, bytes=205_000, credits=5),
        charges={"edit_search_and_replace": 1},
        files=[
            Delivered(pattern="Abendrot über der Straße.png", format="PNG"),
            Delivered(pattern="Balkonfotos/*.jpg", format="JPEG", size=(1080, 1080)),
        ],
        world=World(files={"Pictures/balkon.png": photo("a balcony above a street")}),
    ),
)
