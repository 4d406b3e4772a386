"""Default arguments: read and checked as a whole, filled in where a call leaves something open."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import ConfigurationError
from stability_mcp.studio.defaults import Defaults
from stability_mcp.studio.defaults_file import MAX_BYTES, read_defaults

PROMPT = {"prompt": "a red fox"}


def defaults(folder: Path, text: str) -> Defaults:
    """Return the defaults in a file with this text."""
    file = folder / "defaults.yaml"
    file.write_text(text, encoding="utf-8")
    return read_defaults(file)


def values(found: Defaults, tool: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what is filled in for a call."""
    return dict(found.fill(tool, PROMPT if arguments is None else arguments).values)


def test_without_a_file_a_call_is_unchanged() -> None:
    """Chosen: defaults cost nothing where there are none."""
    filled = read_defaults(None).fill("generate_core", PROMPT)

    assert filled.arguments is PROMPT
    assert filled.notes == []


def test_the_most_specific_entry_wins_whatever_the_order(tmp_path: Path) -> None:
    """Chosen: a tool over its family, a family over every tool."""
    entries = [
        "generate_core: {output_format: png}",
        "generate: {output_format: jpeg, seed: 5}",
        '"*": {output_format: webp, seed: 7}',
    ]
    for text in ("\n".join(entries), "\n".join(reversed(entries))):
        found = defaults(tmp_path, text)
        assert values(found, "generate_core") == {"output_format": "png", "seed": 5}
        assert values(found, "generate_sd3") == {"output_format": "jpeg", "seed": 5}
        assert values(found, "control_style") == {"output_format": "webp", "seed": 7}
        assert values(found, "audio3_text_to_audio") == {"seed": 7}  # it can't make WebP
        assert values(found, "upscale_fast") == {"output_format": "webp"}  # it has no seed
        assert values(found, "account_balance") == {}


def test_json_is_read_too(tmp_path: Path) -> None:
    """Chosen: with tabs and escaped surrogate pairs, which PyYAML doesn't take."""
    text = "dark: \u00e4 # \U0001f98a"
    entries = {"generate_core": {"aspect_ratio": "16:9", "negative_prompt": text}}
    found = defaults(tmp_path, json.dumps(entries, indent="\t"))

    assert values(found, "generate_core") == entries["generate_core"]


@pytest.mark.parametrize("ratio", ["16:9", "'16:9'", '"16:9"', "16x9", "1920x1080"])
def test_a_ratio_needs_no_quotes(tmp_path: Path, ratio: str) -> None:
    """Documented (YAML 1.1): 16:9 is the number 969 there, which no user means."""
    found = defaults(tmp_path, f"generate_core: {{aspect_ratio: {ratio}}}")

    assert values(found, "generate_core") == {"aspect_ratio": "16:9"}


def test_words_stay_words(tmp_path: Path) -> None:
    """Documented (YAML 1.1): no, off and 2026-11-30 are other things than text there."""
    for word in ("no", "off", "yes", "2026-11-30", "1_000", "0x10", "<<"):
        found = defaults(tmp_path, f"generate_core: {{negative_prompt: {word}}}")
        assert values(found, "generate_core") == {"negative_prompt": word}


@pytest.mark.parametrize("blank", ["", None, "null"])
def test_a_blank_argument_counts_as_not_given(tmp_path: Path, blank: object) -> None:
    """Chosen: hosts send blanks for all optional arguments."""
    found = defaults(tmp_path, "generate_core: {aspect_ratio: 16:9}")

    assert values(found, "generate_core", {**PROMPT, "aspect_ratio": blank}) == {
        "aspect_ratio": "16:9"
    }


def test_an_argument_of_the_call_is_never_replaced(tmp_path: Path) -> None:
    """Chosen: also if it is wrong, or the same as the API's default."""
    found = defaults(tmp_path, "generate_sd3: {aspect_ratio: 16:9, cfg_scale: 5}")

    for ratio in ("1:1", "9:16", "77:1"):
        filled = found.fill("generate_sd3", {**PROMPT, "aspect_ratio": ratio})
        assert filled.arguments == {**PROMPT, "aspect_ratio": ratio, "cfg_scale": 5}
        assert filled.notes == ["defaults: cfg_scale=5 (STABILITY_DEFAULTS)"]


def test_a_default_that_does_not_fit_is_left_out(tmp_path: Path) -> None:
    """Chosen: a preference must not make a call fail."""
    found = defaults(tmp_path, "generate_sd3: {strength: 0.4, aspect_ratio: 16:9, seed: 3}")

    words = found.fill("generate_sd3", PROMPT)
    picture = found.fill("generate_sd3", {**PROMPT, "image": "fox"})

    assert words.values == {"aspect_ratio": "16:9", "seed": 3}
    assert picture.values == {"strength": 0.4, "seed": 3}
    assert "aspect_ratio" not in picture.arguments
    [line] = picture.notes
    assert line == (
        "defaults: strength=0.4, seed=3 (STABILITY_DEFAULTS); aspect_ratio=16:9 was left out, as "
        "it doesn't fit (with image, the result has the image's shape)"
    )


def test_a_default_for_one_model_is_left_out_for_another(tmp_path: Path) -> None:
    """Chosen: what the call says decides, and the default that contradicts it goes."""
    found = defaults(tmp_path, "audio2_text_to_audio: {steps: 100, model: stable-audio-2}")
    sound = {"prompt": "rain", "duration": 5}

    assert values(found, "audio2_text_to_audio", sound) == {
        "steps": 100,
        "model": "stable-audio-2",
    }
    other = found.fill("audio2_text_to_audio", {**sound, "model": "stable-audio-2.5"})
    assert other.values == {}
    assert other.notes[0].startswith("defaults: steps=100 of STABILITY_DEFAULTS was left out")


def test_a_required_argument_may_come_from_the_file(tmp_path: Path) -> None:
    """Chosen: a default is filled in before anything is validated."""
    found = defaults(tmp_path, "audio3_text_to_audio: {duration: 12}")

    assert found.fill("audio3_text_to_audio", PROMPT).arguments == {**PROMPT, "duration": 12}


def test_a_mistake_of_the_caller_is_not_blamed_on_a_default(tmp_path: Path) -> None:
    """Chosen: the error is the one without defaults."""
    found = defaults(tmp_path, "generate_sd3: {aspect_ratio: 16:9, model: sd3.5-flash}")

    for arguments in ({}, {**PROMPT, "cfg_scale": 99}, {**PROMPT, "bogus": 1}):
        assert found.fill("generate_sd3", arguments).left_out == {}


@given(st.dictionaries(st.sampled_from(list(OPERATIONS["generate_sd3"].model_fields)), st.text()))
def test_any_call_is_filled_without_an_error(
    tmp_path_factory: pytest.TempPathFactory, arguments: dict[str, Any]
) -> None:
    """Chosen: every input is hostile; validation answers it afterwards."""
    found = defaults(
        tmp_path_factory.mktemp("defaults"), "generate_sd3: {strength: 0.4, aspect_ratio: 16:9}"
    )
    filled = found.fill("generate_sd3", arguments)

    blank = {name for name in filled.values if name in arguments}
    assert {k: v for k, v in filled.arguments.items() if k not in filled.values} == {
        k: v for k, v in arguments.items() if k not in blank and k in filled.arguments
    }


WRONG = {
    "unknown tool": ("generate_sd4: {seed: 1}", 'no tool "generate_sd4"', 'mean "generate_sd3"'),
    "tool that takes none": ("media_list: {limit: 3}", 'no tool "media_list"', ""),
    "unknown argument": (
        "generate_core: {aspect_ration: 1:1}",
        'generate_core: there is no argument "aspect_ration"',
        'Did you mean "aspect_ratio"?',
    ),
    "argument of another tool": (
        "upscale_fast: {seed: 1}",
        'upscale_fast: there is no argument "seed"',
        "allowed are output_format",
    ),
    "choice": ("generate_core: {aspect_ratio: 1:7}", "aspect_ratio must be one of", '"16:9"'),
    "number": ("generate_sd3: {cfg_scale: 99}", "from 1 to 10", "got 99"),
    "type": ("generate_core: {seed: [1]}", "seed must be a whole number", "a list of 1 item"),
    "family": ("generate: {output_format: mp3}", "generate: output_format must be", '"webp"'),
    "every tool": ('"*": {bogus: 1}', '*: there is no argument "bogus"', ""),
    "no value": ("generate_core: {seed: }", "generate_core: seed has no value", ""),
    "prompt": ("generate_core: {prompt: fox}", '"prompt" can\'t have a default', "one call"),
    "file": ("generate_sd3: {image: fox.png}", '"image" can\'t have a default', "a file"),
    "mask": ("image_compare: {mask: m.png}", '"mask" can\'t have a default', ""),
    "count": ("generate_core: {count: 4}", '"count" can\'t have a default', "charged"),
    "samples": ("v1_text_to_image: {samples: 4}", '"samples" can\'t have a default', "charged"),
    "agreement": ("generate_ultra: {confirm_spend: 99}", '"confirm_spend" can\'t', "the user's"),
    "overwrite": ("media_export: {overwrite: true}", '"overwrite" can\'t', "replaces files"),
    "repeated": ("generate_core: {seed: 1, seed: 2}", "line 1: a name is repeated", ""),
    "repeated in JSON": ('{"generate_core": {}, "generate_core": {}}', "a name is repeated", ""),
    "not a number": ('{"generate_sd3": {"cfg_scale": NaN}}', "cfg_scale must be", ""),
    "repeated tool": ("a: {}\nb: {}\na: {}", "a name is repeated", ""),
    "alias": ("a: &x {}\nb: *x", "line 2: aliases aren't supported", ""),
    "star": ("*: {seed: 1}", "line 1:", "write the entry * in quotes"),
    "tag": ("a: !!python/object/apply:os.system [ls]", "line 1:", "could not determine"),
    "list": ("- 1", "it must map tools to their arguments", ""),
    "text": ("generate_core", "it must map tools to their arguments", ""),
    "no mapping": ("generate_core: webp", "generate_core must be a mapping", ""),
    "broken": ("generate_core: {", "line 1:", ""),
    "deep": ("[" * 50_000, "", ""),
    "digits": ("generate_core: {seed: " + "1" * 5_000 + "}", "", ""),
    "large": ("#" * (MAX_BYTES + 1), f"larger than {MAX_BYTES:,} bytes", ""),
    "several documents": ("a: {}\n---\nb: {}", "", ""),
    "unprintable": ("\x00", "it isn't YAML or JSON", ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_with_its_place_and_what_is_allowed(
    tmp_path: Path, name: str
) -> None:
    """Chosen: a misspelt default that is silently ignored would be found out by paying."""
    text, *wanted = WRONG[name]

    with pytest.raises(ConfigurationError) as caught:
        defaults(tmp_path, text)

    shown = caught.value.startup_text
    assert shown.startswith(f'The file "{tmp_path}/defaults.yaml" in STABILITY_DEFAULTS is wrong: ')
    assert all(each in shown for each in wanted), shown
    assert "\n" not in shown
    assert len(shown) < 1_200


def test_a_file_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    """Chosen: a path with a mistake must not mean "no defaults"."""
    (tmp_path / "latin.yaml").write_bytes(b"generate_core: {negative_prompt: \xe4}")
    for name, why in (
        ("missing.yaml", "No such file"),
        (".", "it isn't a file"),
        ("latin.yaml", "it isn't UTF-8"),
    ):
        with pytest.raises(ConfigurationError, match=why):
            read_defaults(tmp_path / name)


def test_an_empty_file_has_no_defaults(tmp_path: Path) -> None:
    """Chosen: all entries may be commented out."""
    for text in ("", "# generate_core: {seed: 1}\n", "{}", "\ufeff", "generate_core: {}"):
        assert defaults(tmp_path, text).lines == []


def test_a_good_entry_before_a_wrong_one_is_not_applied(tmp_path: Path) -> None:
    """Chosen: all or nothing."""
    with pytest.raises(ConfigurationError):
        defaults(tmp_path, "generate_core: {seed: 1}\ngenerate_sd3: {seed: no}")


def test_long_and_odd_values_stay_on_one_line(tmp_path: Path) -> None:
    """Chosen: the line is a note, not a copy of the file."""
    found = defaults(tmp_path, 'generate_core: {negative_prompt: "a\\nb ' + "x" * 900 + '"}')
    [line] = found.fill("generate_core", PROMPT).notes

    assert "\n" not in line
    assert len(line) < 150
    assert found.lines[0].startswith('generate_core: negative_prompt="a b xxx')


def test_only_harmless_arguments_may_have_a_default(tmp_path: Path) -> None:
    """Chosen: nothing that names a file, costs more or permits something."""
    for tool, row in OPERATIONS.items():
        if not row.is_paid():
            continue
        risky = {*row.file_fields(), "prompt", "text_prompts", "samples", "label", "count"}
        for name in risky:
            with pytest.raises(ConfigurationError, match=r"default|no argument"):
                defaults(tmp_path, json.dumps({tool: {name: "1"}}))
