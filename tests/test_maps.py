"""The planned journey says what it means, or says in which line it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_workspace import GOOD

import journey_lib as jl
from journey_lib.errors import ConfigError

PLANNED = """\
name: {vi: "Mua lần đầu", en: "First order"}
by: channel
steps:
  - step: discover
    label: {vi: "Biết đến", en: "Discover"}
    any_of: [facebook, tiktok]
  - step: buy
    any_of: [store]
    optional: true
    repeats: once
unplanned: allowed
"""


def planned(folder: Path, text: str):
    (folder / "journey.yaml").write_text(GOOD, encoding="utf-8")
    (folder / "maps").mkdir(exist_ok=True)
    (folder / "maps" / "planned.yaml").write_text(text, encoding="utf-8")
    return jl.maps.planned(jl.open(folder))


def test_a_plan_is_its_steps_in_order_with_the_contacts_of_each(tmp_path):
    plan = planned(tmp_path, PLANNED)
    assert [(step.step, step.any_of, step.optional, step.repeats) for step in plan.steps] == [
        ("discover", ("facebook", "tiktok"), False, "allowed"),
        ("buy", ("store",), True, "once"),
    ]
    assert plan.names == ("facebook", "tiktok", "store")
    assert plan.labels("vi") == {"discover": "Biết đến", "buy": "buy"}
    assert (plan.by, plan.unplanned) == ("channel", "allowed")


def test_what_is_not_said_has_a_stated_default(tmp_path):
    plan = planned(tmp_path, "steps: [{step: buy, any_of: [store]}]")
    step = plan.steps[0]
    assert (plan.by, plan.unplanned) == ("channel", "counted")
    assert (step.optional, step.repeats) == (False, "allowed")


@pytest.mark.parametrize(
    ("wrong", "said", "line"),
    [
        (PLANNED.replace("unplanned", "unplaned"), "Did you mean 'unplanned'?", 11),
        (PLANNED.replace("optional", "optionl"), "Did you mean 'optional'?", 9),
        (PLANNED.replace("by: channel", "by: chanel"), "by: Input should be 'channel'", 2),
        (PLANNED.replace("repeats: once", "repeats: twice"), "steps.1.repeats", 10),
        (PLANNED.replace("[store]", "[]"), "steps.1.any_of", 8),
        (PLANNED.replace("[store]", "[on]"), "steps.1.any_of.0", 8),
        (PLANNED.replace("any_of: [store]", "any: [store]"), "steps.1.any_of: Field required", 7),
        (PLANNED.replace("step: buy", "step: To buy"), "steps.1.step", 7),
        (PLANNED.replace("step: buy", "step: discover"), "the step 'discover' stands in the plan twice", 1),
        (PLANNED.replace("[store]", "[tiktok]"), "the name 'tiktok' stands in the plan twice", 1),
        (PLANNED.replace("[store]", '["(other)"]'), "'(other)' is what results call no channel", 1),
        (PLANNED.replace("optional: true", "any_of: [zalo]"), "the key 'any_of' is said twice", 9),
        ("by: channel", "steps: Field required", 1),
        ("steps: []", "steps", 1),
    ],
)
def test_what_cannot_be_is_said_with_its_line(tmp_path, wrong, said, line):
    with pytest.raises(ConfigError) as caught:
        planned(tmp_path, wrong)
    assert said in str(caught.value)
    assert f"planned.yaml, line {line}" in str(caught.value)


@pytest.mark.parametrize(("wrong", "said"), [("- a", "is no mapping"), ("a: [", "cannot be read")])
def test_what_is_no_plan_at_all_is_refused(tmp_path, wrong, said):
    with pytest.raises(ConfigError, match=said):
        planned(tmp_path, wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("a: &bomb [x, x]\nb: [*bomb, *bomb]", r"the anchor or alias 'bomb'[\s\S]*line 1"),
        ("steps:\n  - !!python/object/apply:os.system [ls]", r"the tag '[^']*os.system'[\s\S]*2"),
        ("a: " + "[" * 30 + "]" * 30, "more than 20 levels"),
        ("a: " + "x" * 1_000_001, "too large to be written by hand"),
    ],
)
def test_a_map_holds_plain_values_only(tmp_path, wrong, said):
    with pytest.raises(ConfigError, match=said):
        planned(tmp_path, wrong)


def test_an_empty_file_lacks_its_steps(tmp_path):
    with pytest.raises(ConfigError, match="steps: Field required"):
        planned(tmp_path, "")


def test_a_plan_of_more_than_twelve_steps_is_refused():
    steps = [{"step": f"s{n}", "any_of": [f"c{n}"]} for n in range(13)]
    with pytest.raises(ConfigError, match="at most 12"):
        jl.maps.plan({"steps": steps})


def test_a_workspace_without_a_plan_is_told_where_to_write_one(tmp_path):
    (tmp_path / "journey.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"no planned journey[\s\S]*planned.yaml"):
        jl.maps.planned(jl.open(tmp_path))


def test_the_plan_in_the_guide_is_one(tmp_path):
    guide = (Path(__file__).parents[1] / "docs" / "planned-journeys.md").read_text("utf-8")
    plan = planned(tmp_path, guide.partition("```yaml\n")[2].partition("```")[0])
    assert [(step.step, step.optional, step.repeats) for step in plan.steps] == [
        ("discover", False, "allowed"),
        ("compare", True, "allowed"),
        ("buy", False, "once"),
    ]


def test_the_demo_shop_plans_a_journey_of_channels_it_has():
    shop = jl.open("data/demo")
    plan = jl.maps.planned(shop)
    assert set(plan.names) <= set(shop.labels)
    assert all(set(step.label) == {"vi", "en"} for step in plan.steps)
