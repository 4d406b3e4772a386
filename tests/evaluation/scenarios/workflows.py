"""Several pictures in one run: a logo, shop photos, a comic, a campaign, icons, a comparison."""

from evaluation.made_files import photo, photos
from evaluation.scenario import Budget, Call, Delivered, Found, Scenario, Turn, World

PLANNING = (
    *("workflow_*", "guide", "job_*", "media_*", "image_*", "audio_edit", "cost_estimate"),
    *("generate_*", "edit_*", "control_*", "upscale_*", "audio2_*", "audio3_*"),
)
RUN = Found(r"\b(run-\w{10})\b")

LOGO = {
    "title": "Logo of the bakery Kornblume",
    "steps": [
        {
            "id": "logo",
            "tool": "generate_core",
            "arguments": {
                "prompt": "logo of a bakery: cornflower and wheat, flat, plain background",
                "label": "logo",
            },
            "count": 3,
            "review": True,
        },
        {
            "id": "cut",
            "tool": "edit_remove_background",
            "arguments": {"image": "$logo", "label": "logo cut out"},
        },
        {
            "id": "white",
            "tool": "image_transform",
            "arguments": {
                "image": "$cut",
                "steps": [{"op": "flatten", "color": "white"}, {"op": "pad", "aspect": "1:1"}],
                "label": "logo on white",
            },
        },
        {
            "id": "favicon",
            "tool": "media_export",
            "arguments": {"media": ["$white"], "preset": ["favicon"], "to": "favicon.zip"},
        },
    ],
}

PANELS = (
    "the fox wakes up in a burrow",
    "the fox meets an owl in the forest",
    "the fox and the owl find a treasure chest",
    "the fox waves at sunset",
)
COMIC = {
    "title": "Comic of a fox",
    "steps": [
        {
            "id": "fox",
            "tool": "generate_core",
            "arguments": {"prompt": "a small red fox with a blue scarf, comic style"},
        },
        {
            "id": "panels",
            "tool": "control_style",
            "foreach": list(PANELS),
            "arguments": {
                "image": "$fox",
                "prompt": "{item}, small red fox with a blue scarf, comic style",
            },
        },
        {
            "id": "page",
            "tool": "image_layout",
            "arguments": {
                "images": ["$panels"],
                "kind": "comic",
                "rows": [1, 2, 1],
                "width": 1000,
                "bubbles": [{"panel": 2, "text": "Good evening!"}],
                "label": "fox comic",
            },
        },
    ],
    "outputs": {"page": "$page"},
}

CAMPAIGN = {
    "title": "Lemonade campaign",
    "steps": [
        {
            "id": "visual",
            "tool": "generate_ultra",
            "arguments": {
                "prompt": "a bottle of lemonade on ice, summer light, advertising photo",
                "aspect_ratio": "4:5",
                "label": "lemonade",
            },
        },
        {"id": "cut", "tool": "edit_remove_background", "arguments": {"image": "$visual"}},
        {
            "id": "poster",
            "tool": "image_transform",
            "arguments": {
                "image": "$visual",
                "steps": [{"op": "text", "text": "Fresh!", "gravity": "top", "color": "white"}],
                "label": "lemonade poster",
            },
        },
        {
            "id": "social",
            "tool": "media_export",
            "arguments": {
                "media": ["$poster"],
                "preset": ["instagram-portrait", "instagram-story"],
                "fit": "cover",
                "to": "campaign/",
            },
        },
        {
            "id": "shop",
            "tool": "media_export",
            "arguments": {
                "media": ["$cut"],
                "width": 800,
                "height": 800,
                "fit": "pad",
                "format": "png",
                "to": "campaign/",
            },
        },
    ],
}

JINGLE = {
    "title": "Key visual and jingle",
    "steps": [
        {
            "id": "visual",
            "tool": "generate_core",
            "arguments": {
                "prompt": "a cargo bike in a sunny city, poster style",
                "aspect_ratio": "16:9",
                "label": "key visual",
            },
        },
        {
            "id": "music",
            "tool": "audio2_text_to_audio",
            "arguments": {
                "prompt": "happy ukulele jingle with bicycle bells",
                "duration": 12,
                "output_format": "wav",
            },
        },
        {
            "id": "jingle",
            "tool": "audio_edit",
            "arguments": {"sounds": ["$music"], "fade_out": 1.5, "label": "jingle"},
        },
    ],
}

ICONS = (
    *("home", "search", "settings", "mail", "calendar", "camera", "music", "map", "heart", "star"),
    *("cloud", "sun", "moon", "key", "lock", "bell", "book", "gift", "flag", "phone"),
)

SCENARIOS = (
    Scenario(
        name="logo-to-favicon",
        conversation="Logo in three variants, second one, cut out, on white, favicon",
        turns=[
            Turn(
                "I need a logo for my bakery Kornblume: flat, plain background. Show me three "
                "variants; I pick one. Then cut the logo out, put it on white and make a favicon "
                "set of it, as favicon.zip.",
                [Call("workflow_plan", plan=LOGO), Call("workflow_run", plan=LOGO)],
            ),
            Turn("The second one.", [Call("workflow_run", run=RUN, pick=["2"])]),
        ],
        allowed=PLANNING,
        good=[
            "One plan with its price, three variants on one sheet, and the rest after the pick.",
            "The favicon set is of the second variant, on white.",
        ],
        bad=["Picks by itself.", "Cuts out all three.", "Makes new variants after the pick."],
        pictures=1,
        budget=Budget(calls=5, bytes=140_000, credits=14),
        charges={"generate_*": 3, "edit_remove_background": 1},
        files=[
            Delivered(pattern="favicon.zip!*.ico", format="ICO"),
            Delivered(pattern="favicon.zip!manifest.json"),
            Delivered(pattern="logo cut out.png", has_transparency=True),
            Delivered(pattern="logo on white.png", has_transparency=False),
        ],
        answers=["14 credits"],
        runs={"done": 1},
        calls_before="11",
    ),
    Scenario(
        name="six-shop-photos",
        conversation="Six shop photos cut out, relit, square, under 500 KB, zipped",
        turns=[
            Turn(
                "These are our chairs: chair 1.png, chair 2.png, chair 3.png, chair 4.png, "
                "chair 5.png, chair 6.png. For the shop: cut out, on a light grey floor with "
                "matching light from the left, square, each under 500 KB, all in shop.zip. What "
                "does it cost?",
                [
                    Call("workflow_templates"),
                    Call("workflow_templates", name="product_shots"),
                    Call(
                        "workflow_plan",
                        template="product_shots",
                        arguments={
                            "photos": [f"chair {number}.png" for number in range(1, 7)],
                            "scene": "light grey floor, bright studio",
                            "light": "left",
                            "max_bytes": 500_000,
                            "to": "shop.zip",
                        },
                    ),
                ],
            ),
            Turn(
                "48 credits is fine. Go.",
                [
                    Call(
                        "workflow_run",
                        template="product_shots",
                        arguments={
                            "photos": [f"chair {number}.png" for number in range(1, 7)],
                            "scene": "light grey floor, bright studio",
                            "light": "left",
                            "max_bytes": 500_000,
                            "to": "shop.zip",
                        },
                        budget=48,
                    )
                ],
            ),
        ],
        allowed=PLANNING,
        good=["Price before, one run for all six, one archive, no call for each photo."],
        bad=["One call for each photo and step.", "Stops half-way.", "Distorts the photos."],
        budget=Budget(calls=5, bytes=130_000, credits=48),
        charges={"edit_replace_background_and_relight": 6},
        files=[
            Delivered(
                pattern="shop.zip!*.jpg", count=6, format="JPEG", is_square=True, max_bytes=500_000
            )
        ],
        answers=["48 credits"],
        runs={"done": 1},
        calls_before="24, unfinished",
        world=World(files={f"Pictures/{k}": v for k, v in photos("chair", "a chair", 6).items()}),
    ),
    Scenario(
        name="five-formats",
        conversation="One picture for five formats",
        turns=[
            Turn(
                "Give me fox.png for Instagram as post, portrait and story, as YouTube thumbnail "
                "and for the web, all in a folder called formats. Crop around the fox.",
                [
                    Call(
                        "media_export",
                        media=["fox.png"],
                        preset=[
                            *("instagram-square", "instagram-portrait", "instagram-story"),
                            *("youtube-thumbnail", "web"),
                        ],
                        fit="cover",
                        to="formats/",
                    )
                ],
            )
        ],
        allowed=PLANNING,
        good=["All five in one free call, cropped around the subject."],
        bad=["One call for each format.", "Generates the picture again in other shapes."],
        budget=Budget(calls=3, bytes=140_000),
        files=[
            Delivered(pattern="formats/*", count=5),
            Delivered(pattern="formats/*story*", size=(1080, 1920)),
            Delivered(pattern="formats/*youtube*", size=(1280, 720)),
            Delivered(pattern="formats/*portrait*", size=(1080, 1350)),
        ],
        answers=["free"],
        calls_before="9, partly",
        world=World(files={"Pictures/fox.png": photo("a red fox in a forest", (400, 300))}),
    ),
    Scenario(
        name="comic-on-one-page",
        conversation="Comic strip on one page with one character",
        turns=[
            Turn(
                "Make a comic on one page, 1000 pixels wide, with four panels, always the same "
                "small red fox with a blue scarf: he wakes up, meets an owl, they find a treasure "
                "chest, he waves at sunset. The owl says: Good evening!",
                [Call("workflow_plan", plan=COMIC), Call("workflow_run", plan=COMIC)],
            )
        ],
        allowed=PLANNING,
        good=["The character comes from one picture; one page with the bubble in the right panel."],
        bad=["Four unrelated foxes.", "Lets the model write the speech into the picture."],
        pictures=1,
        budget=Budget(calls=4, bytes=140_000, credits=23),
        charges={"generate_*": 1, "control_style": 4},
        files=[Delivered(pattern="fox comic.png", format="PNG")],
        answers=["23 credits"],
        runs={"done": 1},
    ),
    Scenario(
        name="jingle-for-a-key-visual",
        conversation="Jingle for a key visual",
        turns=[
            Turn(
                "For our cargo bikes: a key visual in 16:9, and a happy jingle of 12 seconds to go "
                "with it, faded out at the end, as WAV. At most 30 credits.",
                [Call("workflow_run", plan={**JINGLE, "budget": 30})],
            )
        ],
        allowed=PLANNING,
        good=["Picture and jingle in one run within 30 credits; the jingle has 12 s."],
        bad=["Exceeds 30 credits.", "Uses the model for 26 credits and then lacks the picture."],
        pictures=1,
        budget=Budget(calls=4, bytes=155_000, credits=30),
        charges={"generate_*": 1, "audio2_text_to_audio": 1},
        files=[
            Delivered(pattern="key visual.png", format="PNG"),
            Delivered(pattern="jingle.wav", format="WAV", seconds=12),
        ],
        runs={"done": 1},
    ),
    Scenario(
        name="five-steps-from-the-director",
        conversation="Five steps from the director",
        turns=[
            Turn(
                "Plan a small campaign for our lemonade: a key visual, a poster with the word "
                "Fresh!, versions for Instagram as portrait and story, and the bottle cut out for "
                "the shop at 800 x 800. Everything in a folder called campaign.",
                [
                    Call("guide", topic="director"),
                    Call("workflow_plan", plan=CAMPAIGN),
                ],
            ),
            Turn("Yes, do it.", [Call("workflow_run", plan=CAMPAIGN)]),
        ],
        allowed=PLANNING,
        good=["A plan with its price, a yes, one run, and all files in the folder."],
        bad=["Starts before the yes.", "Generates a picture for each format."],
        pictures=1,
        budget=Budget(calls=5, bytes=110_000, credits=13),
        charges={"generate_ultra": 1, "edit_remove_background": 1},
        files=[
            Delivered(pattern="campaign/*", count=3),
            Delivered(pattern="campaign/*story*", size=(1080, 1920)),
            Delivered(pattern="campaign/*portrait*", size=(1080, 1350)),
            Delivered(
                pattern="campaign/*.png", size=(800, 800), format="PNG", has_transparency=True
            ),
        ],
        answers=["13 credits"],
        runs={"done": 1},
    ),
    Scenario(
        name="batch-of-20-icons",
        conversation="Batch of 20 icons",
        turns=[
            Turn(
                f"I need 20 flat icons in two colours for my app: {', '.join(ICONS)}. As cheap as "
                "possible, named like this, in a folder called icons.",
                [
                    Call("workflow_templates"),
                    Call("workflow_templates", name="batch_generate"),
                    Call(
                        "workflow_run",
                        template="batch_generate",
                        arguments={
                            "prompts": [
                                {"id": icon, "prompt": f"{icon} icon, flat, two colours"}
                                for icon in ICONS
                            ],
                            "quality": "draft",
                            "to": "icons",
                        },
                    ),
                ],
            )
        ],
        allowed=PLANNING,
        good=["One run; files are named like the icons, with a manifest; one sheet."],
        bad=["Twenty calls.", "An expensive model.", "Twenty previews in the answer."],
        pictures=1,
        budget=Budget(calls=4, bytes=135_000, credits=60),
        charges={"generate_*": 20},
        files=[
            *(Delivered(pattern=f"icons/**/{icon}.*", format="PNG") for icon in ICONS),
            Delivered(pattern="icons/**/manifest.csv"),
            Delivered(pattern="icons/**/manifest.json"),
        ],
        runs={"done": 1},
        calls_before="22",
    ),
    Scenario(
        name="comparing-models",
        conversation="Comparing models",
        turns=[
            Turn(
                "Which model is best for a lighthouse in a storm as an oil painting? Compare core, "
                "sd3.5-large and ultra, with price and time.",
                [
                    Call("workflow_templates"),
                    Call("workflow_templates", name="compare_models"),
                    Call(
                        "workflow_run",
                        template="compare_models",
                        arguments={
                            "prompt": "a lighthouse in a storm, oil painting",
                            "models": ["core", "sd3.5-large", "ultra"],
                        },
                    ),
                ],
            )
        ],
        allowed=PLANNING,
        good=["Three pictures next to each other with price and seconds, in one run."],
        bad=["Concludes from equal seeds.", "Compares without prices."],
        pictures=1,
        budget=Budget(calls=4, bytes=125_000, credits=17.5),
        charges={"generate_core": 1, "generate_sd3": 1, "generate_ultra": 1},
        files=[Delivered(pattern="*.png", count=3, format="PNG")],
        answers=["[Ss]eed", r"17\.5"],
        runs={"done": 1},
    ),
)
