"""Money and history: a maximum, what was made and what it cost, comparing prices."""

from evaluation.scenario import ApiAccount, Budget, Call, Delivered, Refused, Scenario, Turn, World

MAKING = ("generate_*", "spend_limit", "usage_report", "cost_estimate", "media_*", "job_*", "guide")

SCENARIOS = (
    Scenario(
        name="at-most-20-credits",
        conversation="At most 20 credits",
        turns=[
            Turn(
                "You may spend at most 20 credits. Draw me as many woodland animals as that "
                "allows, each in its own picture: fox, hare, owl, deer, lynx, bear, wolf.",
                [
                    Call("spend_limit", credits=20),
                    *(
                        Call("generate_core", prompt=f"a {animal} in the woods", label=animal)
                        for animal in ("fox", "hare", "owl", "deer", "lynx", "bear")
                    ),
                    Refused("generate_core", prompt="a wolf in the woods", label="wolf"),
                ],
            ),
            Turn(
                "Fine, 23 then, for the wolf.",
                [
                    Call("spend_limit", credits=23),
                    Call("generate_core", prompt="a wolf in the woods", label="wolf"),
                ],
            ),
        ],
        allowed=MAKING,
        good=["Sets the limit first, makes six pictures, and says why the seventh doesn't fit."],
        bad=["Counts by itself and exceeds the limit.", "Raises the limit without asking."],
        budget=Budget(calls=11, bytes=40_000, credits=23),
        charges={"generate_core": 7},
        files=[
            Delivered(pattern=f"{animal}.png", format="PNG")
            for animal in ("fox", "hare", "owl", "deer", "lynx", "bear", "wolf")
        ],
        answers=["the spending limit of 20 credits has 2 credits left"],
        user=["yes"],
        world=World(settings={"preview": "none"}),
    ),
    Scenario(
        name="which-was-the-fox",
        conversation="Which was the fox, what did it cost",
        turns=[
            Turn(
                "Draw a fox, a hare and an owl.",
                [
                    Call("generate_core", prompt="a red fox", label="fox"),
                    Call("generate_core", prompt="a hare", label="hare"),
                    Call("generate_core", prompt="an owl", label="owl"),
                ],
            ),
            Turn(
                "Which one was the fox, and what did it cost? And all of it?",
                [
                    Call("media_list", query="fox"),
                    Call("usage_report", by="job"),
                ],
            ),
        ],
        allowed=MAKING,
        good=["Names the file of the fox, its price, and the sum of the day."],
        bad=["Guesses.", "Draws the fox again."],
        budget=Budget(calls=6, bytes=35_000, credits=9),
        charges={"generate_core": 3},
        files=[Delivered(pattern="fox.png", format="PNG")],
        answers=[r"fox\.png", r"\b3 credits", r"\b9(\.0)? "],
        world=World(settings={"preview": "none"}),
    ),
    Scenario(
        name="a-yes-for-an-expensive-call",
        conversation="A price that needs a yes",
        turns=[
            Turn(
                "I need four very good pictures of our new sofa in a loft, quality matters.",
                [
                    Refused(
                        "generate_ultra",
                        prompt="a grey sofa in a bright loft, product photo",
                        count=4,
                        label="sofa",
                    )
                ],
            ),
            Turn(
                "32 credits are fine.",
                [
                    Call(
                        "generate_ultra",
                        prompt="a grey sofa in a bright loft, product photo",
                        count=4,
                        label="sofa",
                        confirm_spend=32,
                    )
                ],
            ),
        ],
        allowed=MAKING,
        good=["States the price of 32 credits and asks; one call for all four."],
        bad=["Passes confirm_spend before the user has agreed.", "Splits the call to avoid it."],
        budget=Budget(calls=4, bytes=140_000, credits=32),
        charges={"generate_ultra": 4},
        files=[Delivered(pattern="sofa-*.png", count=4, format="PNG")],
        answers=["confirm_spend", "32 credits", "Nothing was charged"],
        world=World(account=ApiAccount()),
    ),
)
