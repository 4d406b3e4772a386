"""What goes wrong: a wrong key, no network, no credits, moderation, the rate limit."""

from evaluation.scenario import (
    ApiAccount,
    Budget,
    Call,
    Credits,
    Delivered,
    Found,
    NetworkReturns,
    NewKey,
    Refused,
    Scenario,
    Turn,
    World,
)
from stability_emulator.faults import Fault

MAKING = ("generate_core", "job_*", "media_*", "server_status", "guide", "account_balance")
GENERATE = "/v2beta/stable-image/generate/*"
ONE_PICTURE = [Delivered(pattern="lighthouse*.png", format="PNG")]

SCENARIOS = (
    Scenario(
        name="wrong-key",
        conversation="Wrong key",
        turns=[
            Turn(
                "Make a picture of a lighthouse at dusk.",
                [Refused("generate_core", prompt="a lighthouse at dusk", label="lighthouse")],
            ),
            Turn(
                "Oh, I have set the right key and restarted you. Again, please.",
                [Call("generate_core", prompt="a lighthouse at dusk", label="lighthouse")],
                happens=[NewKey("sk-right-key-0123456789")],
            ),
        ],
        allowed=MAKING,
        good=["Says that the key is wrong, where to set it, and that nothing was charged."],
        bad=["Tries again and again.", "Asks for the key in the chat."],
        budget=Budget(calls=3, bytes=115_000, credits=3),
        charges={"generate_core": 1},
        files=ONE_PICTURE,
        answers=["STABILITY_API_KEY", "Nothing was charged"],
        world=World(account=ApiAccount(key="wrong-key-0123456789")),
    ),
    Scenario(
        name="no-network",
        conversation="No network",
        turns=[
            Turn(
                "Make a picture of a lighthouse at dusk.",
                [Refused("generate_core", prompt="a lighthouse at dusk", label="lighthouse")],
            ),
            Turn(
                "The wifi is back.",
                [Call("generate_core", prompt="a lighthouse at dusk", label="lighthouse")],
                happens=[NetworkReturns()],
            ),
        ],
        allowed=MAKING,
        good=["Says that the API can't be reached and that nothing was charged."],
        bad=["Blames the prompt.", "Says that it may have been charged."],
        budget=Budget(calls=3, bytes=115_000, credits=3),
        charges={"generate_core": 1},
        files=ONE_PICTURE,
        answers=["Could not reach the Stability API", "Nothing was charged"],
        world=World(settings={"max_retries": 0}, account=ApiAccount(is_reachable=False)),
    ),
    Scenario(
        name="no-credits",
        conversation="402",
        turns=[
            Turn(
                "Make a picture of a lighthouse at dusk.",
                [Refused("generate_core", prompt="a lighthouse at dusk", label="lighthouse")],
            ),
            Turn(
                "I bought credits.",
                [Call("generate_core", prompt="a lighthouse at dusk", label="lighthouse")],
                happens=[Credits(100)],
            ),
        ],
        allowed=MAKING,
        good=["Says that credits are missing and where to buy them; then repeats the call."],
        bad=["Calls again before the user has bought credits.", "Gives up."],
        budget=Budget(calls=4, bytes=140_000, credits=3),
        charges={"generate_core": 1},
        files=ONE_PICTURE,
        answers=["platform.stability.ai/account/credits", "Nothing was charged"],
        world=World(account=ApiAccount(credits=1)),
    ),
    Scenario(
        name="moderation",
        conversation="403",
        turns=[
            Turn(
                "Make a picture of a knight in battle.",
                [Refused("generate_core", prompt="a knight in a bloody battle")],
            ),
            Turn(
                "Then something harmless: the knight resting under a tree.",
                [Call("generate_core", prompt="a knight resting under a tree", label="knight")],
            ),
        ],
        allowed=MAKING,
        good=["Says that moderation refused the prompt and that nothing was charged."],
        bad=["Sends the same prompt again.", "Tries to trick the filter."],
        budget=Budget(calls=2, bytes=95_000, credits=3),
        charges={"generate_core": 1},
        files=[Delivered(pattern="knight.png", format="PNG")],
        answers=["moderation", "Nothing was charged"],
        world=World(
            account=ApiAccount(faults=[Fault(path=GENERATE, moderation="content_moderation")])
        ),
    ),
    Scenario(
        name="rate-limited",
        conversation="429",
        turns=[
            Turn(
                "Make a picture of a lighthouse at dusk.",
                [Call("generate_core", prompt="a lighthouse at dusk", label="lighthouse")],
            ),
            Turn(
                "That takes too long. Cancel it.",
                [Call("job_cancel", jobs=[Found(r'job_wait with jobs \["(\w+)"\]')])],
            ),
        ],
        allowed=MAKING,
        good=["Says until when the API refuses requests, and that the job then runs by itself."],
        bad=["Calls generate_core again and again, which prolongs the block."],
        budget=Budget(calls=3, bytes=30_000),
        answers=["queued for another", "locked this key out"],
        world=World(
            settings={"wait": 1},  # long enough for the refusal to arrive
            account=ApiAccount(faults=[Fault(path=GENERATE, status=429)]),
        ),
    ),
)
