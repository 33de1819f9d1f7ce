"""The demo shop's service: faults, deliveries, tickets, surveys and words that agree with what happened."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import fields, replace
from datetime import date
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from journey_lib.demo import faults, people, service, surveys, tickets, words, words_en, words_parts, write
from journey_lib.demo.arrays import stacked, stream
from journey_lib.demo.names import CITIES, STORES
from journey_lib.demo.scene import Scene, scene
from journey_lib.demo.shop import BASE
from journey_lib.demo.trail import Orders, contacts
from journey_lib.demo.words_style import Dice, Facts, bare, speaker
from journey_lib.demo.world import SALES_CHANNELS

SIZE, ORDERS, EVENTS = 12_000, 24_000, 48_000
YEAR = 365
MAY, JULY, SEPTEMBER = 120, 181, 243  # days before the first of these months in 2025
FAULT = {fault.kind: index for index, fault in enumerate(faults.FAULTS)}


def shop(**changes: Any) -> Scene:
    return scene(replace(BASE, **changes), date(2025, 1, 1), 12)


def bought(size: int = ORDERS) -> Orders:
    """Orders all over the year by everybody alike, in order of person and time."""
    draw = np.random.default_rng(11)
    person = np.sort(draw.integers(0, SIZE, size))
    time = draw.uniform(-20, YEAR, size)
    time = time[np.lexsort((time, person))]
    value = (np.exp(draw.normal(12.6, 0.6, size)) // 1000).astype(np.int64) * 1000
    sold_at = draw.choice(5, size, p=(0.55, 0.05, 0.25, 0.1, 0.05))
    mobile = draw.random(size) < 0.6
    return Orders(person, time, value, 1 + draw.poisson(0.7, size), sold_at, np.arange(size), mobile)


def met(place: Scene, size: int = EVENTS) -> Any:
    """Visits, calls, chats and failed payments all over the year."""
    draw = np.random.default_rng(12)
    number = place.kinds.number
    kinds = [number("web_product", "visit"), number("cc_hotline", "call"), number("zalo_chat", "message")]
    kinds += [number("store_ha_dong", "check_in"), number("app_home", "visit")]
    person, time = np.sort(draw.integers(0, SIZE, size)), draw.uniform(0, YEAR, size)
    kind = draw.choice(kinds, size)
    failed = draw.random(size) < 0.02
    kind[failed] = number("mobile_checkout", "checkout_error")
    time[failed] = draw.uniform(SEPTEMBER + 14, SEPTEMBER + 21, int(failed.sum()))
    order = np.lexsort((time, person))
    return contacts(place, person[order], time[order], kind[order])


def served(place: Scene, seed: int = 3, among: int = SIZE) -> SimpleNamespace:
    """A year of service for a large crowd that the shop knows from the start: all that the module makes."""
    chance = stream(seed, 0)
    crowd = people.draw(place.world, chance, SIZE, 2025)
    orders, events = bought(), met(place)
    fate = service.deliveries(place, crowd, orders, chance("deliveries"))
    first = orders.person < among
    block: Any = SimpleNamespace(
        orders=orders.only(first),
        events=events.only(events.person < among),
        known=np.full(among, -1.0),
        deliveries=fate.only(first),
    )
    asked = tickets.tickets(place, crowd, block, block.deliveries, chance)
    rated = surveys.surveys(place, crowd, block, block.deliveries, asked, chance)
    return SimpleNamespace(
        scene=place,
        people=crowd,
        orders=block.orders,
        fate=block.deliveries,
        events=block.events,
        tickets=asked,
        surveys=rated,
    )


@pytest.fixture(scope="module")
def year() -> SimpleNamespace:
    return served(shop())


@pytest.fixture(scope="module")
def faultless() -> SimpleNamespace:
    return served(shop(faults=()))


def topic(sheet: tickets.TicketSheet, theme: str) -> np.ndarray:
    return sheet.topic == list(tickets.TOPICS).index(theme)


def written(sheet: Any) -> list[tuple[int, str, dict[str, int]]]:
    """Row, text and true themes with their sign of every text in a sheet."""
    column = sheet.comment if isinstance(sheet, surveys.SurveySheet) else sheet.text
    told = [(row, column[row], sheet.themes[row]) for row in np.flatnonzero(column != "")]
    pairs = [(row, text, [theme.rsplit(":", 1) for theme in themes.split(";")]) for row, text, themes in told]
    return [(int(row), text, {name: int(level) for name, level in themes}) for row, text, themes in pairs]


def inside(times: np.ndarray, first: int, days: int) -> np.ndarray:
    return (times >= first) & (times < first + days)


# --- faults ---


def test_a_fault_is_there_on_its_local_days_of_every_year_and_on_no_other() -> None:
    slow = faults.FAULTS[FAULT["answers"]]
    for opening in (date(2024, 6, 15), date(2025, 1, 1), date(2026, 5, 31)):
        calendar = scene(BASE, opening, 24).year
        days = np.arange(calendar.days) + 0.5
        months = [date.fromordinal(opening.toordinal() + int(day)).month for day in days]
        assert (faults.going_on(slow, calendar, days) == np.isin(months, (5, 6))).all()


def test_wishes_to_buy_survive_where_no_fault_is_met_and_die_at_its_rate_where_one_is() -> None:
    july = MAY + 31 + 30
    times = np.array(
        [SEPTEMBER + 15.0, SEPTEMBER + 15.0, MAY + 3.0, MAY + 3.0, 40.0, july + 20.0, july + 20.0]
    )
    phone = np.array([True, False, True, False, True, False, False])
    called = np.array([False, False, False, True, True, False, False])
    sent_to = np.array(["Hà Nội", "Hà Nội", "Đồng Nai", "Hà Nội", "Đồng Nai", "Đồng Nai", ""])
    chance = faults.survival(shop(), times, phone, called, sent_to)
    expected = np.ones((7, 3))
    expected[0, FAULT["checkout"]], expected[3, FAULT["answers"]] = 0.4, 0.7
    expected[5, FAULT["delivery"]] = 0.6
    np.testing.assert_allclose(chance, expected)
    assert faults.survival(shop(faults=()), times, phone, called, sent_to).shape == (7, 0)


def test_late_deliveries_hit_three_provinces_without_a_store() -> None:
    where = set(faults.FAULTS[FAULT["delivery"]].where)
    assert len(where) == 3
    assert where <= {city.name for city in CITIES} - {city for _, city, _ in STORES}


# --- deliveries ---


def test_most_deliveries_are_in_time_and_the_fault_makes_nearly_all_in_its_provinces_late(
    year: SimpleNamespace,
) -> None:
    fate, orders = year.fate, year.orders
    sent = ~np.isnan(fate.days)
    there = np.isin(year.people.city[orders.person], [at for at, c in enumerate(CITIES) if c.name in
                    faults.FAULTS[FAULT["delivery"]].where])  # fmt: skip
    faulty = sent & there & inside(orders.time, JULY + 9, 42)
    assert 0.06 < fate.late[sent & ~faulty].mean() < 0.16
    assert fate.late[faulty].mean() > 0.7
    blamed = fate.by_fault >= 0
    assert blamed.any()
    assert (faulty & fate.late)[blamed].all()
    assert (fate.late == (fate.days > fate.promised))[sent].all()
    assert not fate.late[~sent].any()
    assert (np.isnan(fate.days) == (orders.sold_at == SALES_CHANNELS.index("store"))).all()


def test_lateness_and_poor_goods_hurt_satisfaction_which_is_otherwise_about_standard_normal(
    year: SimpleNamespace,
) -> None:
    fate = year.fate
    assert abs(fate.satisfaction.mean()) < 0.15
    assert 0.85 < fate.satisfaction.std() < 1.15
    assert fate.satisfaction[fate.late].mean() < fate.satisfaction[~fate.late].mean() - 1
    assert np.corrcoef(fate.fit, fate.satisfaction)[0, 1] > 0.4


def test_a_few_orders_are_cancelled_before_they_come_and_a_few_go_back_after(year: SimpleNamespace) -> None:
    fate, orders = year.fate, year.orders
    sent = ~np.isnan(fate.days)
    cancelled, returned = (fate.outcome == code for code in (service.CANCELLED, service.RETURNED))
    assert 0.015 < cancelled[sent].mean() < 0.06
    assert not cancelled[~sent].any()
    assert cancelled[fate.late].mean() > 2 * cancelled[sent & ~fate.late].mean()
    assert 0.04 < returned[sent].mean() < 0.1
    assert 0.005 < returned[~sent].mean() < 0.04
    assert (np.isnan(fate.outcome_time) == (fate.outcome == service.KEPT)).all()
    waited = fate.outcome_time - orders.time
    assert (waited[cancelled] <= fate.days[cancelled]).all()
    assert (waited[returned & sent] > fate.days[returned & sent]).all()


def test_an_order_keeps_its_fate_when_other_orders_are_not_placed(year: SimpleNamespace) -> None:
    rows = np.flatnonzero(np.random.default_rng(5).random(ORDERS) < 0.5)
    place, chance = year.scene, stream(3, 0)("deliveries")
    alone = service.deliveries(place, year.people, year.orders.only(rows), chance)
    both = year.fate.only(rows)
    for field in fields(alone):
        np.testing.assert_array_equal(getattr(alone, field.name), getattr(both, field.name))


def test_without_faults_only_what_the_fault_made_late_changes(
    year: SimpleNamespace, faultless: SimpleNamespace
) -> None:
    blamed = year.fate.by_fault >= 0
    assert (faultless.fate.by_fault == -1).all()
    np.testing.assert_array_equal(faultless.fate.late[~blamed], year.fate.late[~blamed])
    assert not faultless.fate.late[blamed].any()
    touched = faultless.fate.satisfaction != year.fate.satisfaction
    assert (year.fate.satisfaction <= faultless.fate.satisfaction + 1e-9)[blamed].all()
    assert touched.mean() < 0.1


# --- the true state of the service ---


def test_the_planted_faults_stand_in_the_true_quality_of_their_months_and_departments() -> None:
    truth, clean = service.quality(shop()), service.quality(shop(faults=()))
    fall = clean.quality - truth.quality
    row = truth.touchpoint.index
    months = truth.month
    assert {months[at] for at in np.flatnonzero(fall[row("cc_hotline")] > 1)} == {"2025-05", "2025-06"}
    assert {months[at] for at in np.flatnonzero(fall[row("mobile_checkout")] > 0.2)} == {"2025-09"}
    assert {months[at] for at in np.flatnonzero(fall[row("delivery")] > 0.1)} == {"2025-07", "2025-08"}
    untouched = [at for at, code in enumerate(truth.touchpoint) if not code.startswith(
        ("cc_", "mobile_checkout", "delivery"))]  # fmt: skip
    assert np.abs(fall[untouched]).max() == 0
    for table in (truth.quality, truth.emotion):
        assert np.abs(table).max() <= 2
    assert set(truth.department) == set(range(len(service.DEPARTMENTS)))
    rows = list(service.quality_rows(truth))
    assert len(rows) == truth.quality.size
    assert {len(line) for line in rows} == {len(service.QUALITY_COLUMNS)}


@pytest.mark.parametrize("code", ["cc_hotline", "store_ha_dong", "web_product", "app_home", "delivery"])
def test_the_true_emotion_is_the_mean_of_what_all_who_are_asked_feel(
    year: SimpleNamespace, code: str
) -> None:
    truth, sheet = service.quality(year.scene), year.surveys
    expected = truth.emotion[truth.touchpoint.index(code)]
    here = (sheet.touchpoint == code) & (sheet.metric == surveys.CSAT) & (sheet.sent < YEAR)
    month = year.scene.year.month[year.scene.year.place(sheet.sent[here])]
    felt = sheet.felt[here]
    error = felt.std() / np.sqrt(np.bincount(month))
    if code == "delivery":  # asked a few days after the order, when the month may be another
        assert abs(felt.mean() - expected.mean()) < 0.06
        return
    assert (np.abs(np.bincount(month, weights=felt) / np.bincount(month) - expected) < 4.5 * error).all()


# --- tickets ---


def test_tickets_have_their_cause_in_what_happened(year: SimpleNamespace) -> None:
    sheet, fate = year.tickets, year.fate
    assert fate.late[sheet.order[topic(sheet, "delivery_time")]].all()
    about_returns = sheet.order[topic(sheet, "returns")]
    assert (fate.outcome[about_returns] == service.RETURNED).all()
    assert (fate.outcome[sheet.order[topic(sheet, "cancellation")]] == service.CANCELLED).all()
    assert year.people.opt_out[sheet.person[topic(sheet, "messages")]].all()
    failed = year.events.kind == year.scene.kinds.number("mobile_checkout", "checkout_error")
    victims = set(year.events.person[failed].tolist())
    assert set(sheet.person[topic(sheet, "checkout")].tolist()) <= victims
    assert (year.orders.person[sheet.order[sheet.order >= 0]] == sheet.person[sheet.order >= 0]).all()
    asked = np.isin(sheet.order, about_returns)
    assert (sheet.opened[asked] > year.orders.time[sheet.order[asked]]).all()


def test_a_ticket_is_opened_then_answered_then_resolved_and_nothing_lies_outside_the_year(
    year: SimpleNamespace,
) -> None:
    sheet = year.tickets
    assert (inside(sheet.opened, 0, YEAR)).all()
    for before, after in ((sheet.opened, sheet.first_response), (sheet.first_response, sheet.resolved)):
        there = ~np.isnan(after)
        assert (before[there] <= after[there]).all()
        assert (after[there] < YEAR + 1e-9).all()
    assert (np.isnan(sheet.first_response) == (sheet.status == tickets.NEW)).all()
    assert np.isnan(sheet.resolved[sheet.status == tickets.WORKING]).all()


def test_first_answers_take_minutes_but_hours_while_the_call_centre_is_short_of_people(
    year: SimpleNamespace, faultless: SimpleNamespace
) -> None:
    def minutes(world: SimpleNamespace, during: bool) -> float:
        sheet = world.tickets
        rows = (sheet.channel == tickets.CHANNELS.index("call_centre")) & ~np.isnan(sheet.first_response)
        rows &= inside(sheet.opened, MAY, 61) == during
        return float(np.median((sheet.first_response - sheet.opened)[rows]) * 1440)

    assert minutes(year, during=False) < 10
    assert minutes(year, during=True) > 180
    assert minutes(faultless, during=True) < 10
    assert not faultless.tickets.slow.any()
    assert (year.tickets.slow <= inside(year.tickets.opened, MAY, 61)).all()


def test_a_ticket_names_its_own_order_and_its_authors_own_number(year: SimpleNamespace) -> None:
    sheet = tickets.numbered(year.tickets, 0)
    rows = list(tickets.ticket_rows(year.scene, sheet, 9))
    assert {len(row) for row in rows} == {len(tickets.TICKET_COLUMNS)}
    named = [row for row in rows if re.search(r"dh\d{9}", row[5].lower())]
    assert len(named) > 50
    assert sum(row[10].lower() in row[5].lower() for row in named) > 0.97 * len(named)  # thumbs slip
    assert not [row for row in rows if "\ue000" in row[5] or "\ue001" in row[5]]
    assert [row for row in rows if re.search(r"\b030\d{7}\b", row[5])]


def test_agents_file_most_tickets_under_the_right_topic_and_some_under_another(year: SimpleNamespace) -> None:
    right = (year.tickets.filed == year.tickets.topic).mean()
    assert 0.86 < right < 0.95


# --- surveys ---


def test_the_angry_and_the_delighted_answer_more_than_those_in_between(year: SimpleNamespace) -> None:
    sheet = year.surveys
    back, age = ~np.isnan(sheet.answered), 2025 - year.people.born[sheet.person]
    rate = {
        name: back[rows & (np.abs(age - 34) < 6)].mean()
        for name, rows in {
            "middle": np.abs(sheet.felt) < 0.5,
            "angry": sheet.felt < -1.95,
            "delighted": sheet.felt > 1.95,
        }.items()
    }
    assert 0.06 < rate["middle"] < 0.11
    assert 0.24 < rate["angry"] < 0.36
    assert 0.24 < rate["delighted"] < 0.36
    assert (np.abs(sheet.felt[back]) > 1.5).mean() > (np.abs(sheet.felt) > 1.5).mean() + 0.1


def test_older_people_answer_less_online(year: SimpleNamespace) -> None:
    sheet = year.surveys
    online = np.isin(sheet.touchpoint, ("web_product", "app_home", "delivery", "purchase"))
    age = 2025 - year.people.born[sheet.person]
    back = ~np.isnan(sheet.answered)
    assert back[online & (age > 50)].mean() < 0.75 * back[online & (age < 32)].mean()


def test_scores_keep_to_their_scales_and_follow_what_was_felt(year: SimpleNamespace) -> None:
    sheet = year.surveys
    back = ~np.isnan(sheet.answered)
    assert ((sheet.score >= 0) == back).all()
    for metric, (low, high) in ((surveys.NPS, (0, 10)), (surveys.CSAT, (1, 5)), (surveys.CES, (1, 7))):
        rows = back & (sheet.metric == metric)
        assert sheet.score[rows].min() >= low
        assert sheet.score[rows].max() <= high
        assert np.corrcoef(sheet.score[rows], sheet.felt[rows])[0, 1] > 0.85
    assert (sheet.answered[back] > sheet.sent[back]).all()
    assert (sheet.answered[back] < YEAR).all()
    assert not (sheet.comment[~back] != "").any()


def test_the_faults_show_in_what_people_answer(year: SimpleNamespace, faultless: SimpleNamespace) -> None:
    def mean(world: SimpleNamespace, code: str, first: int, days: int) -> float:
        sheet = world.surveys
        rows = (sheet.touchpoint == code) & (sheet.score > 0) & inside(sheet.sent, first, days)
        return float(sheet.score[rows].mean())

    for code, first, days in (("cc_hotline", MAY, 61), ("mobile_checkout", SEPTEMBER + 14, 7)):
        assert mean(year, code, first, days) < mean(year, code, 0, 90) - 0.8
    assert mean(faultless, "cc_hotline", MAY, 61) > mean(year, "cc_hotline", MAY, 61) + 0.8

    def door(late: bool) -> float:
        sheet = year.surveys
        rows = (sheet.touchpoint == service.DELIVERY) & (sheet.score > 0)
        return float(sheet.score[rows & (year.fate.late[sheet.order] == late)].mean())

    assert door(late=True) < door(late=False) - 1
    effort = year.surveys.metric == surveys.CES
    slow = inside(year.surveys.sent, MAY + 2, 55) & (year.surveys.touchpoint == "cc_support")
    rated = effort & (year.surveys.score > 0)
    assert year.surveys.score[rated & slow].mean() < year.surveys.score[rated & ~slow].mean() - 1


# --- words ---

LATE = re.compile(
    r"giao (hang )?(hoi |qua )?(cham|tre)|tre (tan |mat |hen )?\d+ ngay|trehen|hen \d+ ngay ma"
    r"|days late|delivery was slow|ship (hang )?(hoi )?cham"
)


def test_only_who_waited_too_long_writes_about_lateness(year: SimpleNamespace) -> None:
    complaints = 0
    for row, text, themes in [*written(year.surveys)]:
        order = int(year.surveys.order[row])
        late = order >= 0 and bool(year.fate.late[order])
        if (
            LATE.search(bare(unicodedata.normalize("NFC", text)).lower())
            or themes.get("delivery_time", 0) < 0
        ):
            complaints += 1
            assert late, text
        if themes.get("delivery_time", 0) > 0:
            assert order >= 0, text
            assert not late, text
    assert complaints > 30
    sheet = year.tickets
    for row, text, themes in written(sheet):
        if (
            LATE.search(bare(unicodedata.normalize("NFC", text)).lower())
            or themes.get("delivery_time", 0) < 0
        ):
            assert sheet.order[row] >= 0, text
            assert year.fate.late[sheet.order[row]], text


def test_only_who_met_them_writes_about_failed_payments_slow_answers_and_returns(
    year: SimpleNamespace,
) -> None:
    sheet, seen = year.surveys, {"checkout": 0, "answers": 0, "returns": 0}
    week, spring = inside(sheet.sent, SEPTEMBER + 14, 8), inside(sheet.sent, MAY, 100)
    of_returns = set(year.tickets.person[topic(year.tickets, "returns")].tolist())
    for row, text, themes in written(sheet):
        for theme in seen:
            seen[theme] += theme in themes
        if themes.get("checkout", 0) < 0:
            assert week[row], text
            assert sheet.touchpoint[row] == "mobile_checkout", text
        if themes.get("answers", 0) < 0:
            assert spring[row], text
            assert sheet.touchpoint[row].startswith("cc_"), text
        if "returns" in themes:
            order = sheet.order[row]
            back = order >= 0 and year.fate.outcome[order] == service.RETURNED
            assert back or int(sheet.person[row]) in of_returns, text
    assert min(seen.values()) > 5


def test_what_is_written_agrees_with_the_score_given(year: SimpleNamespace) -> None:
    sheet = year.surveys
    rows = np.array([row for row, _, themes in written(sheet) if "irrelevant" not in themes])
    csat = rows[sheet.metric[rows] == surveys.CSAT]
    np.testing.assert_array_equal(sheet.sentiment[csat], sheet.score[csat] - 3)
    nps = rows[sheet.metric[rows] == surveys.NPS]
    assert sheet.score[nps][sheet.sentiment[nps] < 0].max() <= 7
    assert sheet.score[nps][sheet.sentiment[nps] > 0].min() >= 7


def test_the_truth_of_every_text_names_known_themes_moods_and_languages(year: SimpleNamespace) -> None:
    for sheet in (year.tickets, year.surveys):
        told = written(sheet)
        assert {name for _, _, themes in told for name in themes} <= set(words.THEMES)
        assert {level for _, _, themes in told for level in themes.values()} <= {-2, -1, 0, 1, 2}
        rows = [row for row, _, _ in told]
        assert set(sheet.language[rows]) == {"vi", "en"}
        assert np.abs(sheet.sentiment[rows]).max() == 2
    about = [list(tickets.TOPICS)[topic] for topic in year.tickets.topic]
    told = written(year.tickets)
    assert all(about[row] in themes or themes == {"answers": -1} for row, _, themes in told)


def test_few_comments_repeat_word_for_word(year: SimpleNamespace) -> None:
    texts = [text for _, text, themes in written(year.surveys) if set(themes) - {"irrelevant"}]
    assert len(texts) > 1_500
    assert len(set(texts)) > 0.88 * len(texts)
    said = [text for _, text, _ in written(year.tickets)]
    assert len(set(said)) > 0.5 * len(said)  # agents note the same questions in the same words


def test_comments_come_in_every_spelling_that_people_use(year: SimpleNamespace) -> None:
    sheet = year.surveys
    texts = [(text, sheet.language[row]) for row, text, _ in written(sheet)]
    vietnamese = [text for text, language in texts if language == "vi" and len(text) > 12]

    def share(test: Any) -> float:
        return float(np.mean([bool(test(text)) for text in vietnamese]))

    assert 0.04 < np.mean([language == "en" for _, language in texts]) < 0.12
    assert 0.2 < share(lambda text: bare(unicodedata.normalize("NFC", text)) == text) < 0.5
    assert 0.1 < share(lambda text: re.search(r"[\U0001F300-\U0001FAFF❤☺✨]|:\)|:D|\^\^|=\)|T_T", text)) < 0.4
    assert (
        share(lambda text: re.search(r"\b(ko|k|đc|dc|sp|nv|mn|ship|wá|hok|cx|mk|lun|km)\b", text.lower()))
        > 0.1
    )
    assert 0.005 < share(lambda text: unicodedata.normalize("NFC", text) != text) < 0.04
    assert not [text for text, _ in texts if re.search(r"[{}]", text)]


def test_every_theme_has_words_for_every_mood_and_kind_of_goods() -> None:
    fragments = {text for levels in words.PHRASES.values() for options in levels.values() for text in options}
    assert len(fragments) >= 250
    assert len(words.PHRASES) >= 14
    assert set(words_en.ENGLISH_PHRASES) == set(words.PHRASES)
    local = replace(speaker(1, 30, woman=True, region=2), english=False, marks=True, faces=0.0)
    for who, (theme, levels) in product((local, replace(local, english=True)), words.PHRASES.items()):
        assert set(levels) >= {-1, 1, -2, 2}
        for kind in (0, 1, 2):
            if theme == "size" and kind:  # asked of clothes only
                continue
            facts = Facts(goods=kind, item=words_parts.GOODS[kind][0], colour="be", days=2, promised=3)
            for sign in (-1, 1):
                facts = replace(facts, late=0 if sign > 0 else 2, waited="nửa tiếng" if sign < 0 else "")
                said = words.comment(who, facts, sign, [(theme, 1.0)], [(theme, 1.0)], _serious())
                assert said.themes == f"{theme}:{sign}"
                assert (bare(said.text) == said.text) >= who.english


def _serious() -> Dice:
    """Chance that makes a comment neither nonsense nor ready-made."""
    return next(Dice(seed) for seed in range(99) if Dice(seed).roll() > words.NONSENSE + words.STOCK)


def test_people_keep_their_own_way_of_writing_and_their_regions_words() -> None:
    facts = Facts(goods=1, item="bộ chén", colour="be", days=2, promised=3)
    north, south = (
        replace(speaker(5, 40, woman=True, region=region), english=False, marks=True, short=0.0, teen=0.0)
        for region in (0, 2)
    )
    said = {
        region: " ".join(
            words.comment(who, facts, -2, [], [("packaging", 1.0), ("price", 1.0)], Dice(seed)).text.lower()
            for seed in range(400)
        )
        for region, who in (("north", north), ("south", south))
    }
    assert "bát" in said["north"]
    assert "chén" not in said["north"]
    assert "chén" in said["south"]
    assert said["south"].count("bể") > 5 > said["south"].count("vỡ")


# --- always the same, and nothing given away ---


def test_the_same_seed_gives_the_same_service_and_another_seed_another(year: SimpleNamespace) -> None:
    again, other = served(shop()), served(shop(), seed=4)
    for sheet in ("tickets", "surveys"):
        for field in fields(getattr(year, sheet)):
            had, has = (getattr(getattr(world, sheet), field.name) for world in (year, again))
            np.testing.assert_array_equal(had, has, err_msg=field.name)
    assert set(other.surveys.comment.tolist()) != set(year.surveys.comment.tolist())


@pytest.mark.parametrize("among", [0, 1, SIZE // 3])
def test_fewer_people_have_the_same_service(year: SimpleNamespace, among: int) -> None:
    fewer = served(shop(), among=among)
    for sheet in ("tickets", "surveys"):
        small, large = getattr(fewer, sheet), getattr(year, sheet)
        for field in fields(small):
            had = getattr(small, field.name)
            np.testing.assert_array_equal(had, getattr(large, field.name)[: len(had)], err_msg=field.name)


def test_the_files_hold_nothing_of_the_truth(year: SimpleNamespace) -> None:
    asked, rated = tickets.numbered(year.tickets, 2), surveys.numbered(year.surveys, 2)
    rows = list(surveys.survey_rows(year.scene, rated, 9))
    assert {len(row) for row in rows} == {len(surveys.SURVEY_COLUMNS)}
    assert [row[2] for row in rows] == sorted(row[2] for row in rows)
    told = list(surveys.comment_rows(asked, rated, 9))
    assert {len(row) for row in told} == {len(surveys.COMMENT_COLUMNS)}
    codes = {row[0] for row in rows} | {row[0] for row in tickets.ticket_rows(year.scene, asked, 9)}
    assert {row[1] for row in told} <= codes
    assert len(codes) == len(rated.number) + len(asked.number)
    digits = np.array([int(code[2:]) for code in surveys.survey_ids(rated, 9)])
    for hidden in (rated.felt, rated.sent, rated.person, rated.metric):
        assert abs(np.corrcoef(digits, hidden)[0, 1]) < 0.03
    place = np.argsort(np.argsort(rated.sent))
    quiet = ~np.isin(rated.touchpoint, ("mobile_checkout", "cc_hotline", "cc_support", "app_home"))
    assert abs(np.corrcoef(place[quiet], rated.felt[quiet])[0, 1]) < 0.05


def test_stacked_blocks_keep_their_numbers_apart(year: SimpleNamespace) -> None:
    first, second = (surveys.numbered(year.surveys.only(slice(0, 900)), block) for block in (0, 1))
    both = stacked([first, second])
    assert len(np.unique(both.number)) == 1_800
    assert (second.person - first.person == write.BLOCK).all()
