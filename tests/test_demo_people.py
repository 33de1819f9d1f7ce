"""The demo shop's people: of six kinds that differ within, believable, known to no id; and what to expect."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from scipy.cluster.vq import kmeans2

from journey_lib.demo import people, personas, prospects
from journey_lib.demo.arrays import stream
from journey_lib.demo.journeys import Block, simulate
from journey_lib.demo.names import CITIES
from journey_lib.demo.people import NEVER, TIERS, People
from journey_lib.demo.personas import ALIKE, CLEAR, PERSONAS, Persona
from journey_lib.demo.possible import from_now
from journey_lib.demo.scene import scene
from journey_lib.demo.seasons import calendar
from journey_lib.demo.shop import BASE

pytestmark = pytest.mark.slow  # thousands of lives are simulated

SIZE = 2_048
BLOCKS = 12
SEED = 2025
CODES = [persona.code for persona in PERSONAS]
CHANNELS = [channel.code for channel in BASE.channels]


def crowd(kinds: tuple[Persona, ...], seed: int = SEED) -> People:
    """Several blocks of people as one."""
    world = replace(BASE, personas=kinds)
    blocks = [people.draw(world, stream(seed, block), SIZE, 2025) for block in range(BLOCKS)]
    return People(**{f.name: np.concatenate([getattr(b, f.name) for b in blocks]) for f in fields(People)})


@pytest.fixture(scope="module")
def base() -> People:
    return crowd(PERSONAS)


@pytest.fixture(scope="module")
def alike() -> People:
    return crowd(ALIKE)


@pytest.fixture(scope="module")
def clear() -> People:
    return crowd(CLEAR)


def share(flags: np.ndarray, who: np.ndarray) -> float:
    return float(flags[who].mean())


def age(of: People) -> np.ndarray:
    return 2025 - of.born


# --- six kinds of people ---


def test_six_personas_share_the_public_and_are_told_in_both_languages() -> None:
    assert sum(persona.share for persona in PERSONAS) == pytest.approx(1)
    assert len(set(CODES)) == 6
    for persona in PERSONAS:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", persona.code)
        for told in (persona.name, persona.story):
            assert set(told) == {"vi", "en"}
        assert [len(re.findall(r"\.(?: |$)", story)) for story in persona.story.values()] == [2, 2]
        assert set(persona.habits) <= set(CHANNELS)


def test_every_persona_is_as_common_as_it_is_said_to_be(base: People) -> None:
    counted = np.bincount(base.persona, minlength=6)
    expected = np.array([persona.share for persona in PERSONAS]) * len(base.persona)
    assert stats.chisquare(counted, expected).pvalue > 0.001


@pytest.mark.parametrize("persona", PERSONAS, ids=CODES)
def test_ages_gender_and_price_sense_are_spread_around_those_of_the_persona(
    base: People, persona: Persona
) -> None:
    own = base.persona == CODES.index(persona.code)
    years, price = age(base)[own], base.price_sensitivity[own]
    assert years.mean() == pytest.approx(persona.age[0], abs=1.0)
    assert years.std() == pytest.approx(persona.age[1], rel=0.15)
    luck = 4 * np.sqrt(persona.woman * (1 - persona.woman) / own.sum())
    assert share(base.woman, own) == pytest.approx(persona.woman, abs=luck)
    assert price.mean() == pytest.approx(persona.price_sensitivity[0], abs=0.02)
    assert price.std() == pytest.approx(persona.price_sensitivity[1], rel=0.1)
    assert base.mobile[own].mean() == pytest.approx(persona.mobile, abs=0.02)
    assert 18 <= years.min() <= years.max() <= 78


def test_no_age_and_no_gender_gives_a_persona_away(base: People) -> None:
    for years in (24, 30, 36, 42):
        met = np.bincount(base.persona[age(base) == years], minlength=6)
        assert (met > 0).sum() >= 3
        assert met.max() / met.sum() < 0.85
    for woman in (True, False):
        met = np.bincount(base.persona[base.woman == woman], minlength=6)
        assert (met > 0).all()


def test_personas_live_where_such_people_live(base: People) -> None:
    home = np.array([city.name for city in CITIES])[base.city]
    metropolis = np.isin(home, people.METROPOLES)
    worker, trader = (base.persona == CODES.index(code) for code in ("office_worker", "small_trader"))
    assert share(metropolis, worker) > 0.55
    assert share(metropolis, trader) < 0.35
    weight = np.array([city.share for city in CITIES])
    lived = np.bincount(base.city, minlength=len(CITIES)) / len(base.city)
    assert np.abs(lived - weight / weight.sum()).max() < 0.025


def test_habits_show_in_the_channels_people_meet(base: People) -> None:
    met = {code: np.log(base.taste[:, CHANNELS.index(code)]) for code in CHANNELS}

    def favourite(code: str) -> str:
        return CODES[int(np.argmax([met[code][base.persona == n].mean() for n in range(6)]))]

    assert {code: favourite(code) for code in ("tiktok", "push", "facebook", "store", "paid_search")} == {
        "tiktok": "deal_hunter",
        "push": "office_worker",
        "facebook": "home_mother",
        "store": "store_loyal",
        "paid_search": "gift_giver",
    }
    assert favourite("sales_staff") == "small_trader"
    for code in CHANNELS:  # and yet people of one persona differ about as much as personas do
        within = np.mean([met[code][base.persona == n].std() for n in range(6)])
        assert within > 0.6 * np.std([met[code][base.persona == n].mean() for n in range(6)])


def test_personas_move_contacts_between_people_but_hardly_change_how_many_there_are(
    base: People, alike: People
) -> None:
    ratio = base.taste.mean(axis=0) / alike.taste.mean(axis=0)
    assert {code: r for code, r in zip(CHANNELS, ratio, strict=True) if not 0.85 < r < 1.18} == {}
    means = {
        "activity": base.activity.mean(),
        "loyalty": base.loyalty.mean(),
        "need_strength": base.need_strength.mean(),
        "basket": base.basket.mean(),
        "app": base.app.mean(),
        "known": (base.joined < NEVER).mean(),
        "age": age(base).mean(),
    }
    assert means == {
        "activity": pytest.approx(1.0, abs=0.05),
        "loyalty": pytest.approx(0.99, abs=0.05),
        "need_strength": pytest.approx(1.0, abs=0.05),
        "basket": pytest.approx(1.05, abs=0.06),
        "app": pytest.approx(0.18, abs=0.02),
        "known": pytest.approx(0.30, abs=0.02),
        "age": pytest.approx(34.3, abs=1.0),
    }


# --- no kinds at all, and kinds far apart ---


def traits(of: People) -> np.ndarray:
    """What differs by degrees between people, one row each, of equal weight and without correlation."""
    odds = np.log(np.clip(of.mobile, 0.001, 0.999) / (1 - np.clip(of.mobile, 0.001, 0.999)))
    columns = np.column_stack(
        [
            np.log(of.taste), np.log(of.activity + 0.01), np.log(of.loyalty + 0.01), of.price_sensitivity,
            odds, of.shift, np.log(of.basket), np.log(of.need_strength), np.log(age(of) - 16.0),
        ]
    )  # fmt: skip
    return (columns - columns.mean(axis=0)) / columns.std(axis=0)


def leftover(table: np.ndarray) -> float:
    """What six clusters leave unexplained, as a share of the variance."""
    centres, label = min(
        (kmeans2(table, 6, minit="++", rng=seed) for seed in range(4)),
        key=lambda found: float(((table - found[0][found[1]]) ** 2).sum()),
    )
    return float(((table - centres[label]) ** 2).sum() / ((table - table.mean(axis=0)) ** 2).sum())


def without_kinds(table: np.ndarray, seed: int) -> np.ndarray:
    """The same columns with the same correlations between ranks, but drawn from a single cloud."""
    ranks = stats.norm.ppf((stats.rankdata(table, axis=0) - 0.5) / len(table))
    cloud = np.random.default_rng(seed).multivariate_normal(
        np.zeros(table.shape[1]), np.corrcoef(ranks.T), len(table)
    )
    order = np.argsort(np.argsort(cloud, axis=0), axis=0)
    return np.take_along_axis(np.sort(table, axis=0), order, axis=0)


def told_apart(of: People) -> float:
    """Share of the second half whose persona a linear rule learned from the first half gets right."""
    table, half = traits(of), len(of.persona) // 2
    train, kind = table[:half], of.persona[:half]
    centres = np.array([train[kind == n].mean(axis=0) for n in range(6)])
    inner = np.linalg.inv(np.cov((train - centres[kind]).T))
    scores = table[half:] @ inner @ centres.T - 0.5 * np.einsum("ij,jk,ik->i", centres, inner, centres)
    return float((np.argmax(scores + np.log(np.bincount(kind) / half), axis=1) == of.persona[half:]).mean())


def agreement(of: People) -> float:
    """How alike two who cluster different people sort the same ones: the adjusted Rand index."""
    table = traits(of)
    labels = []
    for start in (0, 1):
        found = min(
            (kmeans2(table[start::8], 6, minit="++", rng=seed) for seed in range(30)),
            key=lambda each: float(((table[start::8] - each[0][each[1]]) ** 2).sum()),
        )
        labels.append(((table[:, None, :] - found[0][None]) ** 2).sum(axis=2).argmin(axis=1))
    both = np.array(list(Counter(zip(*(x.tolist() for x in labels), strict=True)).values()), dtype=float)
    one, other = (np.bincount(label).astype(float) for label in labels)

    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1) / 2).sum())

    chance = pairs(one) * pairs(other) / pairs(np.array([float(len(table))]))
    return (pairs(both) - chance) / ((pairs(one) + pairs(other)) / 2 - chance)


def test_where_all_are_alike_clusters_explain_no_more_than_in_a_single_cloud(alike: People) -> None:
    assert len(ALIKE) == 1
    assert set(alike.persona) == {0}
    table = traits(alike)[:4_000]
    null = [leftover(without_kinds(table, seed)) for seed in range(3)]
    assert leftover(table) / np.mean(null) > 0.99


def test_where_all_are_alike_two_halves_do_not_agree_on_any_kinds(alike: People, clear: People) -> None:
    assert agreement(alike) < 0.35
    assert agreement(clear) > 0.9


def test_where_all_are_alike_the_mixtures_means_and_spreads_stay(base: People, alike: People) -> None:
    for trait in ("born", "woman", "price_sensitivity", "mobile", "need_strength", "basket", "hazard"):
        one, other = getattr(base, trait).astype(float), getattr(alike, trait).astype(float)
        assert other.mean() == pytest.approx(one.mean(), rel=0.03), trait
    for trait in ("born", "price_sensitivity"):
        assert getattr(alike, trait).std() == pytest.approx(getattr(base, trait).std(), rel=0.05), trait


def test_the_shops_own_personas_are_there_but_overlap_and_the_clear_ones_do_not(
    base: People, clear: People
) -> None:
    assert 0.75 < told_apart(base) < 0.99
    assert told_apart(clear) > 0.995
    one, two = traits(base)[:4_000], traits(clear)[:4_000]
    assert leftover(one) / leftover(without_kinds(one, 0)) < 0.995
    assert leftover(two) / leftover(without_kinds(two, 0)) < 0.75


def test_the_clear_personas_are_the_shops_own_farther_apart() -> None:
    assert [persona.code for persona in CLEAR] == CODES
    assert personas.clear(PERSONAS) == CLEAR
    assert np.ptp([persona.share for persona in CLEAR]) == 0
    for channel in CHANNELS:
        usual, far = (np.ptp([p.habit(channel) for p in kinds]) for kinds in (PERSONAS, CLEAR))
        assert far == pytest.approx(3 * usual)


# --- lives ---


def test_people_are_drawn_by_block_and_step_so_that_other_worlds_keep_the_same_chance(
    base: People, alike: People
) -> None:
    again = people.draw(BASE, stream(SEED, 3), SIZE, 2025)
    for field in fields(People):
        part = getattr(base, field.name)[3 * SIZE : 4 * SIZE]
        np.testing.assert_array_equal(getattr(again, field.name), part)
    for trait in ("has_phone", "opt_out"):
        np.testing.assert_array_equal(getattr(base, trait), getattr(alike, trait))


def test_most_are_there_from_the_start_and_some_strangers_arrive_or_wait(base: People) -> None:
    known = base.joined < NEVER
    assert base.waiting.mean() == pytest.approx(0.04, abs=0.006)
    assert not (base.waiting & known).any()
    assert (base.arrives[known] <= 0).all()
    np.testing.assert_array_equal(base.waiting, base.arrives >= NEVER)
    during = (base.arrives > 0) & (base.arrives < 365)
    assert 0.05 < during.mean() < 0.12
    per_month = np.bincount((base.arrives[during] // 30.5).astype(int), minlength=12)
    assert per_month.min() > 0


def test_nobody_joined_as_a_child(base: People) -> None:
    known = base.joined < NEVER
    assert (age(base)[known] + base.joined[known] / 365 >= 13).all()
    assert -5 * 365 <= base.joined[known].min() <= base.joined[known].max() <= 0


def test_people_leave_at_the_hazard_of_their_persona_with_or_without_warning(base: People) -> None:
    here = ~base.waiting
    assert (base.leaves[here] > base.arrives[here]).all()
    assert (base.leaves[base.waiting] == NEVER).all()
    for number, persona in enumerate(PERSONAS):
        own = here & (base.persona == number)
        gone = share(base.leaves - base.arrives < 365, own)
        assert gone == pytest.approx(1 - np.exp(-persona.churn[0]), abs=0.03)
        assert share(base.fading, own) == pytest.approx(persona.churn[1], abs=0.04)
        np.testing.assert_array_equal(base.hazard[own], persona.churn[0])


# --- the customer file ---

YEAR = calendar(BASE, date(2025, 1, 1), 12)
COLUMNS = (
    "code", "name", "phone", "email", "city", "district", "born", "gender", "joined", "opt_out", "member",
    "tier",
)  # fmt: skip


@pytest.fixture(scope="module")
def crm() -> SimpleNamespace:
    """The customer file of some blocks, and the person behind each row."""
    columns: dict[str, list[str]] = {name: [] for name in COLUMNS}
    persona, spent, woman, born = [], [], [], []
    for block in range(BLOCKS):
        chance = stream(SEED, block)
        drawn = people.draw(BASE, chance, SIZE, 2025)
        paid = (np.random.default_rng(block).pareto(1.2, SIZE) * 400_000).astype(np.int64)
        rows = list(people.customer_rows(drawn, drawn.joined, block, SEED, YEAR, chance, paid))
        here = np.flatnonzero(drawn.joined < YEAR.days)
        for name, values in zip(COLUMNS, zip(*rows, strict=True), strict=True):
            columns[name] += values
        persona.append(drawn.persona[here])
        spent.append(paid[here])
        woman.append(drawn.woman[here])
        born.append(drawn.born[here])
    table = {name: np.array(values) for name, values in columns.items()}
    truth = {"persona": persona, "spent": spent, "woman": woman, "year": born}
    return SimpleNamespace(**table, **{name: np.concatenate(parts) for name, parts in truth.items()})


def test_everyone_the_shop_knows_has_a_member_number_of_their_own(crm: SimpleNamespace) -> None:
    assert all(re.fullmatch(r"TV\d{9}", number) for number in crm.member)
    assert len(set(crm.member)) == len(crm.member) == len(crm.persona)
    assert len(set(crm.code)) == len(crm.code)


def test_the_tier_follows_from_what_was_spent(crm: SimpleNamespace) -> None:
    assert [name for name, _ in TIERS] == ["Thường", "Bạc", "Vàng", "Kim cương"]
    assert set(crm.tier) == {name for name, _ in TIERS}
    least = dict(TIERS)
    assert all(spent >= least[tier] for tier, spent in zip(crm.tier, crm.spent, strict=True))
    assert set(crm.tier[crm.spent < least["Bạc"]]) == {"Thường"}
    assert set(crm.tier[crm.spent >= least["Kim cương"]]) == {"Kim cương"}


def test_names_fit_gender_and_generation(crm: SimpleNamespace) -> None:
    middle = np.array([name.split()[1] for name in crm.name])
    assert not ((middle == "Văn") & crm.woman).any()
    assert not ((middle == "Thị") & ~crm.woman).any()
    old_style = np.isin(middle, ["Thị", "Văn"])
    older, younger = crm.year < 1975, crm.year > 1995
    assert share(old_style, older) > 0.45
    assert 0.05 < share(old_style, younger) < 0.3
    given = np.array([" ".join(name.split()[1:]) for name in crm.name])
    assert not np.isin(given[crm.year < 1985], ["Gia Hân", "Bảo Ngọc", "Gia Bảo", "Đăng Khoa"]).any()
    assert not np.isin(given[crm.year >= 1985], ["Thị Bé", "Thị Út", "Văn Út", "Thị Lành"]).any()
    assert np.isin(given[crm.year < 1985], ["Thị Bé", "Thị Út", "Văn Út", "Thị Lành"]).any()
    assert set(crm.gender[crm.woman]) == {"Nữ", ""}
    assert set(crm.gender[~crm.woman]) == {"Nam", ""}


def test_phones_and_addresses_are_nobodys_and_cards_agree_with_the_file(crm: SimpleNamespace) -> None:
    assert all(re.fullmatch(r"030\d{7}|", phone) for phone in crm.phone)
    assert all(re.fullmatch(r"[a-z][a-z0-9._]*@example\.(com|net|org)|", mail) for mail in crm.email)
    chance = stream(SEED, 2)
    drawn = people.draw(BASE, chance, SIZE, 2025)
    cards = people.cards(drawn, 2, SEED, chance)
    place = {code: at for at, code in enumerate(crm.code)}
    seen = [(at, place[code]) for at, code in enumerate(cards.code) if code in place]
    assert len(seen) == (drawn.joined < NEVER).sum()
    for own, there in ((getattr(cards, n), getattr(crm, n)) for n in ("name", "phone", "email", "member")):
        assert [own[at] for at, _ in seen] == [there[row] for _, row in seen]


def test_no_digit_of_an_id_and_no_place_in_the_file_tells_the_persona(crm: SimpleNamespace) -> None:
    hints = {f"digit {n} of the code": [int(code[n]) for code in crm.code] for n in range(2, 10)}
    hints |= {f"digit {n} of the member number": [int(code[n]) for code in crm.member] for n in range(2, 11)}
    hints |= {
        "code": [int(code[2:]) for code in crm.code],
        "member number": [int(code[2:]) for code in crm.member],
        "phone": [int(phone[3:] or -1) for phone in crm.phone],
        "digits of the address": [int(re.sub(r"\D", "", mail)[-7:] or -1) for mail in crm.email],
        "place in the file": list(range(len(crm.code))),
    }
    told = {}
    for name, values in hints.items():
        value = np.array(values)  # whether there is one depends on age, and may: what it says must not
        groups = (value[(crm.persona == n) & (value >= 0)] for n in range(6))
        told[name] = stats.kruskal(*groups).pvalue
    assert {name: p for name, p in told.items() if p < 1e-4} == {}


# --- what is to be expected of people ---

SHOP = scene(BASE, date(2025, 1, 1), 12)
AHEAD = prospects.coming(SHOP)


@pytest.fixture(scope="module")
def lives() -> list[tuple[People, Block, prospects.Prospects]]:
    """Some blocks of people at the end of the year: their lives, and their prospects."""
    found = []
    for block in range(3):
        chance = stream(SEED, block)
        crowd = people.draw(BASE, chance, SIZE, 2025)
        lived = simulate(SHOP, crowd, chance)
        found.append((crowd, lived, prospects.future(SHOP, crowd, lived, chance, ahead=AHEAD)))
    return found


def with_nothing_begun(block: Block) -> Block:
    """The same block, as if no need were under way and nobody had ordered: only what arises anew is left."""
    nobody = np.zeros(0, dtype=np.int64)
    return replace(
        block,
        orders=block.orders.only(nobody),
        deliveries=block.deliveries.only(nobody),
        truth=replace(block.truth, needs=block.truth.needs.only(nobody), chance=block.truth.chance[:0]),
    )


def leaving(of: People, rng: np.random.Generator) -> People:
    """People who have the coming year before them: those who have not begun to fade may leave on any day."""
    days = rng.exponential(size=SIZE) / of.hazard * 365 + np.maximum(of.arrives, 0) + 60 * of.fading
    settled = of.waiting | (of.leaves <= 0) | (of.fading & (of.leaves < 60))
    return replace(of, leaves=np.where(settled, of.leaves, days), arrives=np.maximum(of.arrives, 0))


def test_prospects_are_chances_and_amounts_and_end_with_those_who_left(
    lives: list[tuple[People, Block, prospects.Prospects]],
) -> None:
    for crowd, block, ahead in lives:
        assert ((ahead.propensity_90 >= 0) & (ahead.propensity_90 < 1)).all()
        assert (ahead.orders_365 >= 0).all()
        assert ((ahead.response >= -1e-9) & (ahead.response < 0.5)).all()
        assert (ahead.standard_error[ahead.orders_365 > 0] >= 0).all()
        needs = block.truth.needs
        busy = np.isin(np.arange(SIZE), needs.person[needs.goal >= SHOP.year.days])
        gone = (crowd.leaves < SHOP.year.days) & ~busy
        assert gone.sum() > 100
        assert ahead.orders_365[gone].max() == ahead.propensity_90[gone].max() == 0
        assert ahead.orders_365[crowd.waiting & (block.referred < 0)].max() == 0
        assert ahead.propensity_90[~gone].mean() > 0.005


def test_prospects_are_what_people_come_to_when_they_live_through_the_coming_year(
    lives: list[tuple[People, Block, prospects.Prospects]],
) -> None:
    expected, likely, lived, did = (np.zeros((len(lives), SIZE)) for _ in range(4))
    turns = 8
    for at, (crowd, block, _) in enumerate(lives):
        anew = prospects.future(SHOP, crowd, with_nothing_begun(block), stream(1, at), 12, ahead=AHEAD)
        expected[at], likely[at] = anew.orders_365, anew.propensity_90
        known = np.where(block.known < NEVER, block.known - SHOP.year.days, NEVER)
        now = replace(from_now(crowd, SHOP.year.days), joined=known)
        for turn in range(turns):
            year = simulate(AHEAD, leaving(now, np.random.default_rng(turn)), stream(100 + turn, at))
            needs, chance = year.truth.needs, year.truth.chance
            here = (needs.goal < 365) & ~crowd.waiting[needs.person]
            lived[at] += np.bincount(needs.person[here], chance[here], SIZE) / turns
            soon = here & (needs.goal < 90)
            none = np.ones(SIZE)
            np.multiply.at(none, needs.person[soon], 1 - chance[soon])
            did[at] += (1 - none) / turns
    assert expected.sum() == pytest.approx(lived.sum(), rel=0.12)
    assert likely.sum() == pytest.approx(did.sum(), rel=0.12)
    rank = np.argsort(likely.ravel())
    for part in np.array_split(rank, 8)[4:]:
        assert likely.ravel()[part].mean() == pytest.approx(did.ravel()[part].mean(), rel=0.35)


def test_the_standard_error_of_a_value_is_how_far_it_moves_with_other_draws(
    lives: list[tuple[People, Block, prospects.Prospects]],
) -> None:
    crowd, block, _ = lives[0]
    again = [prospects.future(SHOP, crowd, block, stream(seed, 0), ahead=AHEAD) for seed in range(8)]
    moved = np.std([each.value_365 for each in again], axis=0, ddof=1)
    told = np.mean([each.standard_error for each in again], axis=0)
    there = told > 0
    assert 0.7 < np.median(told[there] / np.maximum(moved[there], 1e-9)) < 1.4


def test_actions_only_move_people_they_reach_and_vouchers_those_who_mind_the_price(
    lives: list[tuple[People, Block, prospects.Prospects]],
) -> None:
    for crowd, block, ahead in lives:
        response = dict(zip(prospects.ACTIONS, ahead.response.T, strict=True))
        known = block.known <= SHOP.year.days
        assert not response["email"][~(known & crowd.has_email)].any()
        assert not response["push"][~(known & crowd.app)].any()
        for action in prospects.ACTIONS:
            assert not response[action][crowd.opt_out | ~known].any()
        moved = response["voucher"] > 0
        gain = response["voucher"][moved] / np.maximum(ahead.propensity_90[moved], 1e-12)
        dear = crowd.price_sensitivity[moved]
        assert np.median(gain[dear > 0.65]) > 1.1 * np.median(gain[dear < 0.35])


def test_prospects_need_no_more_years_than_the_calendar_knows() -> None:
    last = scene(BASE, date(2034, 1, 1), 12)
    assert prospects.coming(last).year.days == pytest.approx(365, abs=1)
    assert AHEAD.year.start == SHOP.year.end
    assert AHEAD.world.trials == ()


def test_prospects_are_the_same_whenever_they_are_asked_for(
    lives: list[tuple[People, Block, prospects.Prospects]],
) -> None:
    crowd, block, known = lives[1]
    again = prospects.future(SHOP, crowd, block, stream(SEED, 1))
    for field in fields(prospects.Prospects):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(known, field.name))
