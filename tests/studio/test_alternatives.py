"""Cheaper and better calls, which come only from the rows."""

from collections import defaultdict
from itertools import pairwise

import pytest

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.studio.alternatives import Alternative, Alternatives, alternatives, own_grade
from support.api.operations import fewest

PAID = {name: row for name, row in OPERATIONS.items() if row.is_paid()}
every_operation = pytest.mark.parametrize("name", PAID)


def _request(name: str, **arguments: object) -> Operation:
    return OPERATIONS[name].model_validate(arguments)


def _found(name: str, **arguments: object) -> Alternatives:
    return _found_for(_request(name, **arguments), 1)


def _found_for(request: Operation, count: int) -> Alternatives:
    return alternatives(request, count=count, tools=frozenset(OPERATIONS))


def _short(found: tuple[Alternative, ...]) -> list[tuple[object, ...]]:
    return [(each.operation, *each.arguments.values(), each.each / 1000) for each in found]


def test_the_nearest_in_quality_is_first() -> None:
    """Documented: the prices. Chosen: `cfg_scale` starts from the default of the other model."""
    found = _found("generate_sd3", prompt="a fox", cfg_scale=6)

    assert _short(found.cheaper) == [
        ("generate_sd3", "sd3.5-large-turbo", 4),
        ("generate_sd3", "sd3.5-medium", 3.5),
        ("generate_core", 3),
        ("generate_sd3", "sd3.5-flash", 2.5),
    ]
    assert _short(found.better) == [("generate_ultra", 8)]
    assert {each.left_out for each in found.cheaper} == {("cfg_scale",)}


def test_a_call_with_a_picture_only_has_alternatives_that_take_it() -> None:
    """Chosen: without its files, a call is another one."""
    found = _found("generate_ultra", prompt="a fox", image="fox", strength=0.5)

    assert {each.operation for each in found.cheaper} == {"generate_sd3"}
    assert {each.operation for each in _found("generate_ultra", prompt="a fox").cheaper} > {
        "generate_sd3"
    }


def test_what_is_missing_is_named_with_its_price() -> None:
    """Documented: the better upscalers need a prompt."""
    found = _found("upscale_fast", image="fox")

    assert _short(found.better) == [("upscale_conservative", 40), ("upscale_creative", 60)]
    assert {each.needs for each in found.better} == {("prompt",)}


def test_a_better_model_may_be_cheaper() -> None:
    """Documented: 2.5 costs less than many steps of 2, and Point Aware 3D less than Fast 3D."""
    sound = _found("audio2_text_to_audio", prompt="rain", duration=30, steps=90)
    model = _found("model3d_stable_fast_3d", image="fox", foreground_ratio=0.9)

    assert _short(sound.cheaper)[0] == ("audio2_text_to_audio", "stable-audio-2.5", 20)
    assert sound.cheaper[0] in sound.better
    assert _short(model.cheaper) == _short(model.better) == [("model3d_stable_point_aware_3d", 4)]
    assert model.better[0].left_out == ("foreground_ratio",), "it means something else there"


def test_arguments_that_another_model_rejects_rule_it_out() -> None:
    """Documented: only Stable Audio 3 makes sounds of more than 190 s."""
    assert _found("audio3_text_to_audio", prompt="rain", duration=30).cheaper
    assert not _found("audio3_text_to_audio", prompt="rain", duration=300).cheaper


def test_variants_need_an_operation_with_a_seed() -> None:
    """Chosen: a call for several can't become one for a single result."""
    given = {"image": "fox", "prompt": "a fox"}

    assert "upscale_fast" in {
        each.operation for each in _found("upscale_creative", **given).cheaper
    }
    assert _short(_found_for(_request("upscale_creative", **given), 2).cheaper) == [
        ("upscale_conservative", 40)
    ]


def test_only_tools_that_the_caller_has_are_named() -> None:
    """Chosen: a model calls every tool that it reads about."""
    request = _request("generate_ultra", prompt="a fox")
    found = alternatives(request, count=1, tools=frozenset({"generate_ultra", "generate_core"}))

    assert {each.operation for each in (*found.cheaper, *found.better)} == {"generate_core"}


@every_operation
def test_every_alternative_can_be_called_at_its_price(name: str) -> None:
    """Chosen: whatever is named is valid with the changes that are named."""
    given = fewest(name)
    request = _request(name, **given)
    found = _found(name, **given)

    for each in (*found.cheaper, *found.better):
        row = OPERATIONS[each.operation]
        kept = {key: value for key, value in given.items() if key not in each.left_out}
        kept = {key: value for key, value in kept.items() if key in row.model_fields}
        added = {key: fewest(each.operation)[key] for key in each.needs}
        other = row.model_validate({**kept, **added, **each.arguments})
        assert other.price() == each.each
    assert all(each.each < request.price() for each in found.cheaper)
    assert all(each.quality > own_grade(request).quality for each in found.better)


@every_operation
def test_no_alternative_costs_more_than_a_better_one(name: str) -> None:
    """Chosen: such a choice isn't one."""
    found = _found(name, **fewest(name))

    for better, worse in pairwise(found.cheaper):
        assert better.quality > worse.quality
        assert better.each > worse.each
    for worse, better in pairwise(found.better):
        assert (worse.quality, worse.each) < (better.quality, better.each)


def test_ranks_are_unique_within_a_family() -> None:
    """Chosen: two grades of one rank could not be compared."""
    families: defaultdict[object, list[int]] = defaultdict(list)
    for row in PAID.values():
        families[row.family, row.media] += [grade.quality for grade in row.grades]

    assert {len(ranks) for ranks in families.values()} > {1}
    for family, ranks in families.items():
        assert len(ranks) == len(set(ranks)), family
