"""The card of a persona: every line with its source, nothing of small groups, no harm from names."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import re

import pandas as pd
import pytest

from journey_lib import card_blocks, card_lines, cards, i18n
from journey_lib.features import Feature, Features
from journey_lib.features.columns import KNOWN
from journey_lib.findings_personas import proposed
from journey_lib.model import OTHER, Result
from journey_lib.personas import against, portrait, told, worth
from journey_lib.personas.notes import Notes
from journey_lib.workspace import Workspace, open_workspace

HOSTILE = "<b>Hùng</b> =1+1"
STORE = Feature("share_store", "Touches: {of}", "share", "channel", "share", "touches", of="store")
ABOUT = (
    KNOWN["touches"],
    KNOWN["conversions"],
    KNOWN["value"],
    KNOWN["time_evening"],
    STORE,
    KNOWN["city"],
)


def shop(people: int = 40) -> tuple[Features, pd.Series]:
    """Half of them come to the store and buy; the others look in the evening."""
    rows = [
        (20, 2, 500, 0.1, 0.8, HOSTILE) if at % 2 else (12, 0, 0, 0.7, 0.05, "Huế") for at in range(people)
    ]
    frame = pd.DataFrame(rows, columns=[feature.name for feature in ABOUT])
    day = pd.Timestamp("2025-01-01", tz="UTC")
    features = Features(frame, ABOUT, day, day + pd.Timedelta(days=365), "UTC", "VND", "x")
    return features, pd.Series({at: "p1" if at % 2 else "p2" for at in range(people)})


def portraits(people: int = 40, notes: Notes | None = None, **more: object) -> cards.Portraits:
    features, members = shop(people)
    traits = portrait.traits(features, members)
    return cards.Portraits(
        features=features,
        sizes=worth.sizes(features, members),
        traits=traits,
        demographics=portrait.demographics(features, members),
        titles={feature.name: feature.label for feature in ABOUT},
        names={"store": "Store"},
        proposed=proposed(traits, features, {"store": "Store"}),
        notes=notes or Notes(),
        **more,  # type: ignore[arg-type]
    )


def page(shown: cards.Portraits, k: int = 10) -> str:
    said = cards.bundle(shown, k=k)[cards.MIMETYPE]
    json.dumps(said, allow_nan=False)  # JupyterLab and the runner are told it as JSON, which has no NaN
    return str(cards.shown(said, language="en", number=1))


def test_a_name_is_proposed_from_what_sets_behaviour_apart():
    assert portraits().proposed == {"p1": "In touch often, prefers Store", "p2": "Seldom in touch, evenings"}


def test_each_card_has_a_drawn_avatar_of_its_own_that_shows_nobody():
    said = page(portraits())
    drawn = re.findall(r'<svg class="avatar".*?</svg>', said, re.S)
    assert len(set(drawn)) == 2
    assert re.findall(r"<(\w+)", "".join(drawn)).count("circle") > 2
    assert {*re.findall(r"<(\w+)", "".join(drawn))} == {"svg", "rect", "circle", "text"}  # letters, no face
    assert "<img" not in said
    assert re.findall(r'<svg class="avatar".*?</svg>', page(portraits()), re.S) == drawn


def test_a_name_given_by_hand_replaces_the_proposed_one():
    notes = Notes.model_validate({"personas": {"p1": {"name": {"en": "Regulars"}}}})
    said = page(portraits(notes=notes))
    assert "Regulars" in said
    assert "name given by hand" in said


def test_the_card_says_where_every_line_comes_from():
    note = {"text": {"en": "Short queues"}, "basis": "workshop", "by": "Store managers", "date": "2025-05-01"}
    guess = {"text": {"en": "Likes advice"}, "basis": "assumption"}
    notes = Notes.model_validate({"personas": {"p1": {"needs": [note], "goals": [guess]}}})
    said = page(portraits(notes=notes))
    assert "● measured · n = 20" in said
    assert "✎ authored · workshop, Store managers, 1 May 2025" in said
    assert "? assumption" in said
    assert "known of 20 of 20" in said


def test_what_is_past_its_review_says_so():
    note = {"text": {"en": "Short queues"}, "basis": "interview", "review": "2025-06-30"}
    notes = Notes.model_validate({"personas": {"p1": {"needs": [note]}}})
    assert "review overdue since 30 Jun 2025" in page(portraits(notes=notes))


def test_every_number_of_the_head_has_its_base_and_interval():
    said = page(portraits())
    assert "20 of 40" in said
    assert "35.2% – 64.8%" in said  # Wilson, of 20 in 40
    assert "83.9% – 100.0%" in said  # of 20 in 20 who bought


def test_of_few_people_only_the_name_is_told():
    said = page(portraits(12))
    assert "Fewer than 10 people" in said
    for number in ("6 of 12", "n = 6", "Huế"):
        assert number not in said


def test_names_in_the_data_do_no_harm():
    quotes = Result(
        "persona_quotes",
        pd.DataFrame(
            {
                "persona": ["p1"],
                "quote": [HOSTILE],
                "touchpoint": ["store"],
                "metric": ["csat"],
                "score": [5.0],
                "day": [pd.Timestamp("2025-03-01")],
            }
        ),
    )
    said = page(portraits(quotes=quotes))
    assert "<b>Hùng</b>" not in said
    assert said.count("&lt;b&gt;Hùng&lt;/b&gt; =1+1") >= 2  # as a city, and as a quote


def test_feelings_of_too_few_say_so_and_show_no_number():
    answers = pd.DataFrame({"customer": [1, 3], "touchpoint": "store", "metric": "csat", "score": [5.0, 1.0]})
    _, members = shop()
    feelings = told.feelings(answers, members, stage_of={"store": "act"}, k=10)
    said = page(portraits(feelings=feelings, stage_names={"act": "Act"}))
    assert "too few answers" in said
    assert not math.isnan(len(said))


def test_a_card_is_in_the_language_of_its_reader():
    i18n.speak("vi")
    bundle = cards.bundle(portraits(), k=10)[cards.MIMETYPE]
    i18n.speak("en")  # the exporter's process need not speak the page's language
    said = str(cards.shown(bundle, language="vi", number=1))
    assert "Kênh ưa dùng" in said
    assert "Preferred channels" not in said


def test_notes_of_the_demo_can_be_read():
    from shops import CONFIG

    workspace: Workspace = open_workspace(CONFIG.parent)
    from journey_lib.personas.notes import notes

    read = notes(workspace)
    assert read.names("vi")
    assert set(read.names("vi")) == set(read.names("en"))


def test_a_class_of_few_has_no_line_of_its_own_and_a_distribution_adds_up():
    known = pd.DataFrame(
        {
            "value": ["25-34", "under 18", "65+", "45-54"],
            "customers": [40, 20, 8, 12],
            "share": [0.5, 0.25, 0.1, 0.15],
            "rest": [0.4, 0.3, 0.2, 0.1],
        }
    ).assign(low=0.0, high=1.0)
    classes = card_blocks._classes(known, 80, 10)
    # ages in their order; a line for all but 8 of 80 people would tell those 8, so a class of 12 joins them
    assert classes["value"].tolist() == ["under 18", "25-34", "(other)"]
    assert classes["customers"].fillna(20).tolist() == [20, 40, 20]
    assert card_blocks._classes(known, 80, 8)["value"].tolist() == ["under 18", "25-34", "45-54", "65+"]
    few = card_blocks._classes(known, 80, 13)
    assert few["value"].tolist() == ["under 18", "25-34", "(other)"]
    assert few["share"].sum() == pytest.approx(1)


def test_of_two_classes_the_smaller_of_few_is_not_told_by_the_larger():
    known = pd.DataFrame({"value": ["owned", "rented"], "customers": [44, 6], "share": [0.88, 0.12]})
    known = known.assign(rest=0.5, low=0.0, high=1.0)
    classes = card_blocks._classes(known, 50, 10)
    assert classes["value"].tolist() == ["(other)"]  # everybody: nothing is told


def few_buy_again() -> tuple[Features, pd.Series]:
    features, members = shop(60)
    bought = features.frame["conversions"].to_numpy().copy()
    bought[1::2] = [2] * 4 + [1] * 11 + [0] * 15  # of the 30 of p1, 15 bought, 4 of them again
    return dataclasses.replace(features, frame=features.frame.assign(conversions=bought)), members


def test_a_count_of_few_is_told_neither_by_itself_nor_by_its_share():
    features, members = few_buy_again()
    sizes = worth.sizes(features, members)
    assert sizes.table.set_index("persona").loc["p1", "repeat_rate"] == pytest.approx(4 / 15)
    hidden = sizes.suppressed(10).table.set_index("persona").loc["p1"]
    assert hidden[["repeaters", "repeat_rate", "repeat_low", "repeat_high"]].isna().all()
    assert hidden["buyers"] == 15  # enough to be told
    said = page(dataclasses.replace(portraits(60), features=features, sizes=sizes))
    assert "15 of 30" in said
    assert "not shown: it would tell of fewer than 10 people" in said
    assert "4 of 15" not in said
    assert "26.7%" not in said


def test_who_did_not_is_told_no_more_than_who_did():
    """Of the 30 of p1 24 bought: 24 are enough to be told of, the 6 who did not are not."""
    features, members = few_buy_again()
    bought = features.frame["conversions"].to_numpy().copy()
    bought[1::2] = [1] * 24 + [0] * 6
    features = dataclasses.replace(features, frame=features.frame.assign(conversions=bought))
    sizes = worth.sizes(features, members)
    said = page(dataclasses.replace(portraits(60), features=features, sizes=sizes))
    assert "not shown: it would tell of fewer than 10 people" in said
    assert "24 of 30" not in said
    assert ">80.0%<" not in said
    shown = sizes.suppressed(5).table.set_index("persona").loc["p1"]
    assert (shown["buyers"], shown["conversion_rate"]) == (24, 0.8)


def test_a_way_that_few_went_is_not_told():
    walked = pd.DataFrame({"path": ["store > email", "store"], "conversions": [9, 3]})
    paths = {"p1": Result("top_paths", walked, {"conversions": 12})}
    assert "Typical journey" not in page(portraits(paths=paths))
    paths = {"p1": Result("top_paths", walked.assign(conversions=[10, 2]), {"conversions": 12})}
    assert "10 of 12" in page(portraits(paths=paths))


def test_what_few_were_like_before_is_not_told():
    features, members = shop(60)
    before = dataclasses.replace(features, frame=features.frame.assign(conversions=9.0))
    of = members[members == "p1"].index
    for then, told_of in ((of[:9], False), (of[:10], True)):
        were = pd.Series({**dict.fromkeys(then, "p1"), **dict.fromkeys(members[members == "p2"].index, "p2")})
        changes = against.changes(before, were, features, members)
        said = page(portraits(60, changes=changes, since=dt.date(2024, 10, 1)))
        assert (f"{len(then)} then" in said) is told_of
        hidden = changes.suppressed(10).table.query("persona == 'p1' and feature == 'conversions'")
        assert hidden[["before", "exceeds"]].isna().all(axis=None) != told_of


def test_a_trait_known_of_few_is_left_out():
    features, members = shop()
    features.frame.loc[3:, "city"] = None
    shown = dataclasses.replace(portraits(), demographics=portrait.demographics(features, members))
    assert "Huế" not in page(shown)


def test_strengths_weaknesses_and_changes_are_in_numbers_that_differ():
    features, members = shop()
    traits = portrait.traits(features, members)
    before = features.frame.assign(conversions=0.0)
    then = dataclasses.replace(features, frame=before)
    said = page(
        portraits(
            strengths=against.strengths(traits),
            changes=against.changes(then, members, features, members),
            since=dt.date(2025, 1, 1),
        )
    )
    assert (
        "Conversions: 2 conversions; others 0 conversions (n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}20)" in said
    )
    assert "Since 1 Jan 2025" in said
    assert "▲ Conversions: 0 conversions → 2 conversions" in said
    assert "No trait changed beyond chance." in said  # of the other persona


def test_medians_that_say_the_same_become_means():
    row = {"typical": 0.0, "rest": 0.0, "mean": 0.35, "rest_mean": 1.2, "kind": "count", "unit": "tickets"}
    assert card_lines.both(row, "rest", "VND") == ("0.35 on average", "1.2 on average")
    assert card_lines.both(row | {"rest": 1.0}, "rest", "VND") == ("0 tickets", "1 ticket")


def test_who_bought_again_has_a_base_of_buyers():
    assert "100.0%<small>83.9% – 100.0%</small><small>20 of 20</small>" in page(portraits())


def test_what_defines_a_segment_is_no_estimate_of_it():
    said = page(portraits(by="rfm"))
    assert "100.0%<small>by definition of the segment</small>" in said
    assert "83.9%" not in said


def test_a_bar_is_of_a_whole_track_and_its_mark_stays_on_it():
    """Bars drawn as parts of the longest would make 28% look like everybody."""
    row = {"typical": 0.28, "rest": 1.0, "low": 0.26, "high": 0.3}
    drawn = card_lines.bar("Store", row, "typical")
    assert (drawn["wide"], drawn["rest_at"]) == (28.0, 100.0)
    assert 'style="left:min(70.0%, 100% - 2px)"' in page(portraits())


def test_a_share_that_moved_is_not_said_to_have_stayed():
    row = {"typical": 0.006, "before": 0.012, "mean": 0.02, "before_mean": 0.03, "kind": "share", "unit": ""}
    assert card_lines.both(row, "before", "VND") == ("0.6%", "1.2%")
    same = row | {"before": 0.006}
    assert card_lines.both(same, "before", "VND") == ("2.0% on average", "3.0% on average")


def test_a_mean_of_some_is_not_written_as_none():
    row = {"typical": 0.0, "rest": 0.0, "mean": 0.002, "rest_mean": 0.0, "kind": "count", "unit": "returns"}
    assert card_lines.both(row, "rest", "VND") == ("< 0.01 on average", "0 on average")


def test_a_window_of_365_days_is_told_as_365_days():
    features, _members = shop()
    begin = pd.Timestamp("2024-12-31 16:00", tz="UTC")
    told_of = dataclasses.replace(features, since=begin, as_of=begin + pd.Timedelta(days=365))
    assert "Behaviour from 1 Jan 2025 to 31 Dec 2025" in page(
        dataclasses.replace(portraits(), features=told_of)
    )
    assert "Behaviour from 1 Jan 2025 to 31 Dec 2025" in page(portraits())  # it begins with a day


def test_classes_begin_a_line_as_lines_begin_and_ranges_have_their_dash():
    assert card_lines.class_name("25-34", {}) == "25–34"
    assert card_lines.class_name("2024-05-01", {}) == "2024-05-01"
    assert card_lines.class_name("iphone", {"iphone": "iPhone"}) == "iPhone"
    with i18n.speaking("vi"):
        assert card_lines.class_name(OTHER, {}) == "Khác"


def test_the_rest_stands_last_however_large_it_is():
    rest = dataclasses.replace(STORE, name="share_other", of="other")
    features, members = shop()
    more = dataclasses.replace(
        features, frame=features.frame.assign(share_other=0.9), about=(*features.about, rest)
    )
    shown = dataclasses.replace(portraits(), features=more, traits=portrait.traits(more, members))
    channels = cards.bundle(shown, k=10)[cards.MIMETYPE]["cards"][0]["channels"]
    assert [line["label"] for line in channels] == ["Store", "Others"]


def test_a_channel_begins_small_within_a_name_where_it_is_no_firm():
    names = {"store": "Cửa hàng"}
    features, members = shop()
    with i18n.speaking("vi"):
        assert proposed(portrait.traits(features, members), features, names)["p1"].endswith("chuộng cửa hàng")
        for firm in ("Zalo", "Điện Máy Xanh"):
            said = proposed(portrait.traits(features, members), features, {"store": firm})
            assert said["p1"].endswith(f"chuộng {firm}")


def test_what_people_write_does_no_harm():
    note = {"text": {"en": HOSTILE}, "basis": "interview", "by": HOSTILE}
    name = {"en": HOSTILE}
    written = {"p1": {"name": name, "goals": [note], "is_not": [note]}}
    said = page(portraits(notes=Notes.model_validate({"personas": written})))
    assert "<b>Hùng</b>" not in said
    assert said.count("&lt;b&gt;Hùng&lt;/b&gt; =1+1") >= 5  # the name, two notes and who wrote them


def test_a_unit_follows_its_number_without_saying_number_again():
    with i18n.speaking("vi"):
        assert card_lines.measure(2, "count", "conversions", "VND") == "2 chuyển đổi"
        assert card_lines.measure(42, "count", "days", "VND") == "42 ngày"


def test_one_of_a_unit_is_one_of_it():
    """English says one touch and two touches; a unit of the workspace's own is declined alike."""
    for unit, one in (("touches", "1 touch"), ("conversions", "1 conversion"), ("boxes", "1 box"), ("", "1")):
        assert card_lines.measure(1, "count", unit, "VND") == one
    assert card_lines.measure(1, "days", "days", "VND") == "1 day"
    assert card_lines.measure(1.5, "days", "days", "VND") == "1.5 days"


def test_the_badge_says_in_how_many_samples_it_was_looked_for():
    badge = card_lines.badge(0.91, 30)
    assert badge is not None
    assert badge["note"] == "91% the same people when found again (Jaccard, 30 bootstraps)"
