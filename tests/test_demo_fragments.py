"""The fragments people leave in the demo shop: the truth about them is whole, and nothing gives it away."""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter
from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from journey_lib.demo import fragment_devices as devices
from journey_lib.demo import fragment_records, fragment_spelling, fragments, people, write
from journey_lib.demo.arrays import Floats, Ints, Stream, stream
from journey_lib.demo.fragment_devices import HABITS, Habits
from journey_lib.demo.names import STORES
from journey_lib.demo.people import People
from journey_lib.demo.scene import Scene, scene
from journey_lib.demo.shop import BASE

SEED, SIZE, A_PERSON, BLOCKS = 11, 2_048, 10, 4
DAYS = 365


@dataclass(frozen=True)
class Events:
    """All that fragments need to know of events: nothing else of the simulation is asked for here."""

    person: Ints
    time: Floats
    kind: Ints

    def first(self, people: int) -> Events:
        rows = slice(0, int(np.searchsorted(self.person, people)))
        return Events(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class Life:
    """A block of people, what they did and what the CRM says about them."""

    block: int
    crowd: People
    events: Events
    known: Floats
    chance: Stream
    records: list[tuple[str, ...]]

    @property
    def whom(self) -> Ints:
        return self.block * SIZE + np.flatnonzero(self.known < DAYS)


@pytest.fixture(scope="module")
def shop() -> Scene:
    return scene(BASE, date(2025, 1, 1), 12)


def live(shop: Scene, block: int, seed: int = SEED) -> Life:
    """People with as many events of each kind, so that the rarest touchpoint is met often enough to check."""
    chance = stream(seed, block)
    crowd = people.draw(BASE, chance, SIZE, 2025)
    rng = chance("events of the test")
    active = rng.gamma(0.8, 1, SIZE)
    person = np.sort(rng.choice(SIZE, SIZE * A_PERSON, p=active / active.sum()))
    when, kind = rng.uniform(0, DAYS, len(person)), rng.integers(0, len(shop.kinds.touchpoint), len(person))
    order = np.lexsort((when, person))
    joins = rng.random(SIZE) < 0.1
    known = np.where((crowd.joined > DAYS) & joins, rng.uniform(0, DAYS, SIZE), crowd.joined)
    spent = np.zeros(SIZE, dtype=np.int64)
    records = list(people.customer_rows(crowd, known, block, seed, shop.year, chance, spent))
    return Life(block, crowd, Events(person, when[order], kind[order]), known, chance, records)


def left(shop: Scene, life: Life, seed: int = SEED, habits: Habits = HABITS) -> fragments.Fragments:
    return fragments.of_events(
        shop, life.crowd, life.events, life.known, life.block, seed, life.chance, habits
    )


@pytest.fixture(scope="module")
def lives(shop: Scene) -> list[Life]:
    return [live(shop, block) for block in range(BLOCKS)]


@pytest.fixture(scope="module")
def pieces(shop: Scene, lives: list[Life]) -> list[fragments.Fragments]:
    return [left(shop, life) for life in lives]


@pytest.fixture(scope="module")
def seen(shop: Scene, lives: list[Life], pieces: list[fragments.Fragments]) -> pd.DataFrame:
    """All rows, with what the rows do not say: whose, when, where and whether the shop knew them by then."""
    tables = []
    for life, piece in zip(lives, pieces, strict=True):
        events = life.events
        table = piece.rows.to_pandas().astype(object)
        tables.append(
            table.where(table.notna(), None).assign(
                person=life.block * SIZE + events.person,
                time=events.time,
                touchpoint=np.array(shop.kinds.touchpoint)[events.kind],
                event_type=np.array(shop.kinds.event_type)[events.kind],
                known=life.known[events.person] <= events.time,
            )
        )
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def truth(pieces: list[fragments.Fragments]) -> pd.DataFrame:
    return pa.concat_tables([piece.truth for piece in pieces]).to_pandas()


@pytest.fixture(scope="module")
def cards(lives: list[Life]) -> pd.DataFrame:
    """The customer file without mistakes, for everyone, known or not, by the person's number."""
    told = [people.cards(life.crowd, life.block, SEED, life.chance) for life in lives]
    columns = ("code", "name", "phone", "email", "member")
    return pd.DataFrame({name: [text for card in told for text in getattr(card, name)] for name in columns})


@pytest.fixture(scope="module")
def file(lives: list[Life]) -> list[fragments.Misspelt]:
    return [fragments.misspelt(life.records, life.whom, SEED, life.chance) for life in lives]


def of_kind(seen: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Every fragment of a kind, a row for each time it was seen."""
    return seen[seen[kind].notna()].rename(columns={kind: "fragment"})


# --- what stands in the data ---


def test_every_event_leaves_at_least_one_fragment_and_names_the_system_that_saw_it(
    seen: pd.DataFrame, pieces: list[fragments.Fragments]
) -> None:
    assert all(piece.rows.schema.equals(fragments.SCHEMA) for piece in pieces)
    assert seen[list(fragments.KINDS)].notna().any(axis=1).all()
    assert set(seen.source) == set(fragments.SOURCES)
    seldom = seen[list(fragments.KINDS)].notna().sum(axis=1)
    assert (seldom == 1).mean() > 0.5  # most contacts show one side of a person only
    assert (seldom > 1).mean() > 0.1  # but without those that show two nothing could be joined


def test_systems_see_what_such_systems_see(seen: pd.DataFrame, cards: pd.DataFrame) -> None:
    reached = (cards.email != "") & (cards.phone != "")
    share = (
        seen[reached.to_numpy()[seen.person]]
        .groupby("source")[list(fragments.KINDS)]
        .agg(lambda column: column.notna().mean())
    )
    assert share.loc["web", "cookie"] > 0.75
    assert share.loc["app", "device"] == 1
    assert share.loc["call_centre", "phone"] > 0.85
    assert share.loc["crm_mail", ["email", "phone"]].sum() == 1
    assert share.loc[["store_pos", "call_centre", "chat"], "user_id"].sum() == 0
    assert share.loc[["web", "app", "crm_mail"], "member"].sum() == 0
    elsewhere = seen[(seen.event_type == "impression") | seen.touchpoint.str.startswith("mp_")]
    assert elsewhere.user_id.isna().all()  # nobody signs in to the shop on somebody else's page


def test_no_customer_code_is_among_the_fragments(seen: pd.DataFrame, cards: pd.DataFrame) -> None:
    codes = set(cards.code)
    assert not any(codes & set(seen[kind].dropna()) for kind in fragments.KINDS)
    assert not any(seen[kind].dropna().str.contains(r"KH\d{8}").any() for kind in fragments.KINDS)


# --- the truth about it ---


def test_the_truth_about_every_fragment_is_written_down_once_and_nothing_else_is(
    seen: pd.DataFrame, truth: pd.DataFrame
) -> None:
    found = {
        (kind, fragment, person)
        for kind in fragments.KINDS
        for fragment, person in of_kind(seen, kind)[["fragment", "person"]].itertuples(index=False)
    }
    told = list(truth[["kind", "fragment", "person"]].itertuples(index=False, name=None))
    assert len(told) == len(set(told))
    assert set(told) == found


def test_only_cookies_and_devices_ever_belong_to_several_people(truth: pd.DataFrame) -> None:
    right = truth[~truth.error]
    people_of = right.groupby(["kind", "fragment"]).person.nunique().rename("people").reset_index()
    assert set(people_of[people_of.people > 1].kind) == {"cookie", "device"}


@pytest.mark.parametrize("kind", ["user_id", "member"])
def test_an_account_and_a_member_number_are_one_persons_and_everybody_has_one_at_most(
    truth: pd.DataFrame, kind: str
) -> None:
    own = truth[(truth.kind == kind) & ~truth.error]
    assert own.person.is_unique
    assert own.fragment.is_unique
    assert len(own) > 500


def test_accounts_and_member_numbers_are_seen_only_of_people_the_shop_knows(
    seen: pd.DataFrame, cards: pd.DataFrame
) -> None:
    signs_up = seen.event_type == "sign_up"
    told = seen.user_id.notna() | seen.member.notna()
    assert (seen.known | signs_up)[told].all()
    right = of_kind(seen, "member")
    of_cards = cards.member.to_numpy()[right.person.to_numpy()]
    assert (right.fragment == of_cards).mean() > 0.98


def test_two_tables_of_truth_become_one_without_saying_anything_twice(
    pieces: list[fragments.Fragments], file: list[fragments.Misspelt]
) -> None:
    crm = file[0].truth
    both = fragments.together([pieces[0].truth, crm, crm])
    told = both.to_pandas()
    assert both.schema.equals(fragments.TRUTH)
    assert not told.duplicated(["kind", "fragment", "person"]).any()
    assert set(told.kind) == {*fragments.KINDS, "customer_id"}
    assert told.error.sum() == pieces[0].truth.to_pandas().error.sum() + crm.to_pandas().error.sum()


# --- devices, homes and shops ---


def test_people_have_one_to_four_devices(shop: Scene, lives: list[Life]) -> None:
    kits = [devices.gear(shop, life.crowd, life.block, life.chance) for life in lives]
    many = np.concatenate([kit.devices(DAYS) for kit in kits])
    share = np.bincount(many, minlength=5) / len(many)
    assert share == pytest.approx([0, 0.37, 0.51, 0.11, 0.01], abs=0.04)
    assert share[4] > 0


def test_nobody_is_seen_on_more_devices_than_they_have(
    shop: Scene, lives: list[Life], pieces: list[fragments.Fragments], truth: pd.DataFrame
) -> None:
    shared = truth[truth.kind.eq("device") & truth.duplicated(["kind", "fragment"], keep=False)]
    own = truth[truth.kind.eq("device") & ~truth.fragment.isin(shared.fragment)]
    kits = [devices.gear(shop, life.crowd, life.block, life.chance) for life in lives]
    has = np.concatenate([kit.devices(DAYS) + (kit.home >= 0) for kit in kits])
    used = own.groupby("person").size()
    assert (used <= has[used.index]).all()
    assert (used > 1).mean() > 0.1


def test_about_six_in_a_hundred_share_a_device_at_home_two_to_four_of_one_province(
    shop: Scene, lives: list[Life]
) -> None:
    homes = np.concatenate([devices.gear(shop, life.crowd, life.block, life.chance).home for life in lives])
    city = np.concatenate([life.crowd.city for life in lives])
    inside = homes >= 0
    assert inside.mean() == pytest.approx(0.06, abs=0.008)
    together = pd.DataFrame({"home": homes[inside], "city": city[inside]}).groupby("home").city
    sizes = Counter(together.size())
    assert set(sizes) == {2, 3, 4}
    assert sizes[2] > sizes[3] > sizes[4]
    assert together.nunique().max() == 1


def test_who_shares_a_home_is_not_told_by_the_order_of_people(shop: Scene, lives: list[Life]) -> None:
    home = devices.gear(shop, lives[0].crowd, 0, lives[0].chance).home
    members = [np.flatnonzero(home == one) for one in np.unique(home[home >= 0])]
    apart = np.concatenate([np.diff(each) for each in members])
    assert np.median(apart) > 200  # of 2,048: neighbours in the file are strangers


def test_cookies_and_devices_are_shared_at_home_and_on_the_shops_tablets_only(
    shop: Scene, lives: list[Life], truth: pd.DataFrame
) -> None:
    homes = np.concatenate([devices.gear(shop, life.crowd, life.block, life.chance).home for life in lives])
    both = truth[truth.kind.isin(["cookie", "device"])].groupby(["kind", "fragment"]).person.agg(list)
    shared = both[both.map(len) > 1]
    family = shared.map(lambda whom: len({homes[one] for one in whom}) == 1 and homes[whom[0]] >= 0)
    assert family.sum() > 60
    assert shared[family].map(len).max() <= 4
    tablets = shared[~family]
    assert set(tablets.index.get_level_values("kind")) == {"cookie", "device"}
    assert tablets["device"].map(len).min() > 20
    assert len(tablets["device"]) == HABITS.tablets * len(STORES)


def test_whoever_signs_up_in_a_store_does_it_on_one_of_its_tablets(
    seen: pd.DataFrame, lives: list[Life]
) -> None:
    signed = seen[seen.touchpoint == "store_signup"]
    assert signed.device.nunique() == HABITS.tablets * len(STORES)
    assert (signed.groupby("device").person.nunique() > 10).all()
    store = np.concatenate([life.crowd.store for life in lives])[signed.person.to_numpy()]
    assert signed.assign(store=store).groupby("device").store.nunique().max() == 1
    assert (signed.phone.notna() | signed.member.notna()).all()
    assert signed.cookie.notna().mean() == pytest.approx(fragments.TABLET_BROWSER, abs=0.06)


def test_the_tablets_of_a_store_are_the_same_for_all_blocks_of_people(seen: pd.DataFrame) -> None:
    signed = seen[seen.touchpoint == "store_signup"]
    met = signed.assign(block=signed.person // SIZE).groupby("block").device.nunique()
    assert (met >= 0.8 * signed.device.nunique()).all()  # a small store may have had no visitor of a block


def test_where_no_home_shares_only_the_shops_tablets_are_left(shop: Scene, lives: list[Life]) -> None:
    told = left(shop, lives[0], habits=replace(HABITS, at_home=0)).truth.to_pandas()
    people_of = told.groupby(["kind", "fragment"]).person.nunique()
    several = people_of[people_of > 1]
    tablets = HABITS.tablets * len(STORES)
    assert several["device"].size == tablets
    assert tablets <= several["cookie"].size <= 6 * tablets  # one after the other on each of them


def test_some_shared_browsers_have_seen_more_than_one_account(shop: Scene) -> None:
    crowded = replace(HABITS, at_home=1, family=0.9)
    rows = left(shop, live(shop, 0), habits=crowded).rows.to_pandas().dropna(subset=["user_id"])
    for shared in ("cookie", "device"):
        of_each = rows.groupby(shared).user_id.nunique()
        assert of_each[of_each > 1].size > 3


# --- cookies end ---


def test_a_cookie_of_an_iphones_own_browser_lasts_a_week_at_most_and_others_at_most_400_days() -> None:
    device = np.repeat(np.arange(0, 800, 8), 1_000)
    when = np.tile(np.linspace(0, 1_500, 1_000), 100)
    main = np.full(len(device), devices.MAIN)
    for weekly, longest in ((True, 7), (False, 400)):
        cookie = devices.cookie_of(device, main, when, np.full(len(device), weekly), SEED)
        span = pd.Series(when).groupby(cookie).agg(["min", "max"])
        lived = span["max"] - span["min"]
        assert lived.max() <= longest
        assert lived.quantile(0.95) > 0.5 * longest
        whose = pd.Series(device).groupby(cookie).nunique()
        assert (whose == 1).all()


def test_people_with_many_visits_have_many_cookies_and_a_few_are_seen_once(seen: pd.DataFrame) -> None:
    web = of_kind(seen, "cookie")
    per = web.groupby("person").agg(visits=("fragment", "size"), cookies=("fragment", "nunique"))
    busy = per[per.visits >= 10]
    assert busy.cookies.median() >= 3
    assert (busy.cookies < busy.visits).mean() > 0.85
    days = web.groupby("fragment").time.agg(["min", "max"])
    assert 0.05 < ((days["max"] - days["min"]) > 30).mean() < 0.5


# --- phones, addresses and member numbers as they were written ---


def plain_phone(text: str) -> str:
    """The international number, as `phonenumbers` gives it for a number read in Vietnam."""
    digits = re.sub(r"\D", "", text)
    national = digits[2:] if digits.startswith("84") else digits[1:]
    assert len(national) == 9
    return f"+84{national}"


def test_phones_come_in_seven_spellings_all_of_the_number_in_the_crm(
    seen: pd.DataFrame, cards: pd.DataFrame
) -> None:
    called = of_kind(seen, "phone")
    forms = called.fragment.str.replace(r"\d", "0", regex=True).str.replace("^00", "84", regex=True)
    shapes = forms.where(
        called.fragment.str.startswith(("84", "+")), called.fragment.str.replace(r"\d", "0", regex=True)
    )
    assert shapes.nunique() == len(fragment_spelling.PHONES) == 7
    assert shapes.value_counts(normalize=True).min() > 0.003
    right = cards.phone.to_numpy()[called.person.to_numpy()]
    assert [plain_phone(text) for text in called.fragment] == [f"+84{number[1:]}" for number in right]


def test_no_phone_is_written_as_before_2018_for_its_number_did_not_exist_then(seen: pd.DataFrame) -> None:
    digits = of_kind(seen, "phone").fragment.str.replace(r"\D", "", regex=True)
    assert digits.str.fullmatch(r"(0|84)30\d{7}").all()


def test_a_gateway_writes_numbers_one_way_and_a_cashier_many(seen: pd.DataFrame) -> None:
    called = of_kind(seen, "phone")
    signs = called.fragment.str.contains(r"[ .\-(]", regex=True).groupby(called.source).mean()
    assert signs["crm_mail"] == 0
    assert signs["call_centre"] < 0.1
    assert signs["store_pos"] > 0.35


def folded(address: str) -> str:
    """An address without what does not change where its mail goes."""
    return re.sub(r"\+[^@]*(?=@)", "", address.strip().lower())


def test_addresses_are_the_crms_but_for_case_spaces_and_tags_or_else_a_counted_slip(
    seen: pd.DataFrame, cards: pd.DataFrame, truth: pd.DataFrame
) -> None:
    wrote = of_kind(seen, "email")
    right = cards.email.to_numpy()[wrote.person.to_numpy()]
    same = wrote.fragment.map(folded) == right
    wrong = set(truth[(truth.kind == "email") & truth.error].fragment)
    assert set(wrote.fragment[~same]) == wrong
    typed = wrote.source != "crm_mail"
    assert (wrote.fragment == right)[~typed].all()
    assert (wrote.fragment == right)[typed].mean() == pytest.approx(0.8, abs=0.03)
    assert (~same)[typed].mean() == pytest.approx(0.015, abs=0.008)
    for sign in ("@", " ", "+", "A"):
        assert wrote.fragment.str.contains(sign, regex=False).any()


def test_a_slip_in_an_address_leads_to_a_domain_that_cannot_exist(truth: pd.DataFrame) -> None:
    slips = truth[(truth.kind == "email") & truth.error].fragment
    assert slips.str.fullmatch(r"[a-z0-9._]+@example\.(con|cmo|nte|ner|ogr|orgg)").all()
    assert slips.str.rsplit(".").str[-1].nunique() >= 4


def test_one_typed_member_number_in_a_hundred_is_wrong_and_known_to_be(
    seen: pd.DataFrame, cards: pd.DataFrame, truth: pd.DataFrame
) -> None:
    typed = of_kind(seen, "member")
    right = cards.member.to_numpy()[typed.person.to_numpy()]
    wrong = typed.fragment != right
    assert wrong.mean() == pytest.approx(fragment_spelling.WRONG_MEMBERS, abs=0.006)
    told = truth[(truth.kind == "member") & truth.error]
    assert set(told.fragment) == set(typed.fragment[wrong])
    assert not set(told.fragment) & set(cards.member)  # no mistake makes somebody else of anybody


@pytest.mark.parametrize(
    ("chance", "written"),
    [
        (0.05, r"TV\d{9}"),  # two digits swapped
        (0.7, r"TV\d*[Ol]\d*"),  # a letter for a digit
        (0.95, r"TV\d{8}"),  # a digit left out
    ],
)
def test_a_wrong_number_has_swapped_missing_or_look_alike_digits(chance: float, written: str) -> None:
    typed = fragment_spelling.mistyped("TV104930582", chance)
    assert re.fullmatch(written, typed)
    assert typed != "TV104930582"


def test_a_number_without_an_occasion_for_a_slip_still_gets_one() -> None:
    assert {fragment_spelling.mistyped("TV555555555", at) for at in (0.1, 0.5, 0.7, 0.9)} == {"TV55555555"}


# --- the CRM as staff typed it ---


def test_the_columns_of_the_customer_file_stand_where_they_are_looked_for() -> None:
    places = {
        fragment_records.CODE: "Mã khách hàng",
        fragment_records.NAME: "Họ và tên",
        fragment_records.PHONE: "Số điện thoại",
        fragment_records.EMAIL: "Email",
        fragment_records.DISTRICT: "Quận/Huyện",
        fragment_records.BORN: "Năm sinh",
        fragment_records.JOINED: "Ngày tham gia",
        fragment_records.MEMBER: "Mã thành viên",
        fragment_records.TIER: "Hạng thành viên",
    }
    assert {place: write.CUSTOMER_COLUMNS[place] for place in places} == places


def test_mistakes_in_the_crm_are_counted_and_each_is_written_down(
    lives: list[Life], file: list[fragments.Misspelt]
) -> None:
    counts: Counter[str] = Counter()
    for life, typed in zip(lives, file, strict=True):
        counts.update(typed.counts)
        right = {record[0]: record for record in life.records}
        second = {row[0] for row in typed.rows} - set(right)
        found = {
            (row[0], column, right[row[0]][column], row[column])
            for row in typed.rows
            if row[0] in right
            for column in range(len(row))
            if row[column] != right[row[0]][column]
        }
        assert {change for change in typed.changes if change[0] not in second} == found
        assert len(second) == typed.counts["second_records"]
        told = sum(count for name, count in typed.counts.items() if name != "second_records")
        assert told == len(found)
    size = sum(len(life.records) for life in lives)
    assert all(counts.values()), counts
    assert 0.08 < sum(counts.values()) / size < 0.15
    assert counts["second_records"] / size == pytest.approx(0.01, abs=0.004)


def test_the_crms_truth_says_whose_every_code_phone_address_and_member_number_is(
    lives: list[Life], file: list[fragments.Misspelt], cards: pd.DataFrame
) -> None:
    for life, typed in zip(lives, file, strict=True):
        told = typed.truth.to_pandas()
        columns = {"customer_id": 0, "phone": 2, "email": 3, "member": 10}
        stands = {(kind, row[at]) for row in typed.rows for kind, at in columns.items() if row[at]}
        assert set(told[["kind", "fragment"]].itertuples(index=False, name=None)) == stands
        assert set(told.person) == set(life.whom)
        per = told[told.kind == "customer_id"].groupby("person").size()
        assert (per > 1).sum() == typed.counts["second_records"]
        wrong = told[told.error]
        assert set(wrong.kind) <= {"phone"}
        assert len(wrong) == typed.counts["phones_swapped"]
        right = told[(told.kind == "phone") & ~told.error]
        expected = cards.phone.to_numpy()[right.person.to_numpy()]
        assert [plain_phone(text) for text in right.fragment] == [f"+84{number[1:]}" for number in expected]


def test_a_second_record_has_a_code_of_its_own_and_the_same_person_can_still_be_found(
    lives: list[Life], file: list[fragments.Misspelt]
) -> None:
    codes = [row[0] for typed in file for row in typed.rows]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"KH\d{8}", code) for code in codes)
    strong = []
    for life, typed in zip(lives, file, strict=True):
        own = {record[0] for record in life.records}
        told = typed.truth.to_pandas().set_index(["kind", "fragment"]).person
        person = told["customer_id"]
        first = {person[record[0]]: record for record in life.records}
        for row in typed.rows:
            if row[0] in own:
                continue
            right = first[person[row[0]]]
            assert row[10] == ""  # the one member number stays with the record that people go by
            assert folded(row[3]) in ("", right[3])
            assert row[2] == "" or plain_phone(row[2]) == plain_phone(right[2])
            strong.append(bool(row[2] or row[3]))
    assert 0.6 < np.mean(strong) < 0.98  # the others share a name and a birthday only


def test_swapped_digits_are_never_the_phone_of_one_of_the_first_two_million_people(
    file: list[fragments.Misspelt], cards: pd.DataFrame
) -> None:
    has = cards[cards.phone != ""]
    owners = fragment_records.owner(has.phone.str[3:].astype(int).to_numpy(), SEED)
    assert list(owners) == list(has.index)
    told = pd.concat([typed.truth.to_pandas() for typed in file])
    swapped = told[(told.kind == "phone") & told.error].fragment
    assert len(swapped) > 5
    assert swapped.str.fullmatch(r"030\d{7}").all()
    strangers = fragment_records.owner(swapped.str[3:].astype(int).to_numpy(), SEED)
    assert (strangers >= fragment_records.NEIGHBOURS).all()


@pytest.mark.parametrize(
    ("what", "name", "typed"),
    [
        ("names_wrong_marks", "Nguyễn Thị Hoa", "Nguyển Thị Hoa"),
        ("names_wrong_marks", "Đặng Minh", "Dặng Minh"),
        ("names_wrong_marks", "Trần Lan", "Tran Lan"),
        ("names_without_marks", "Đỗ Thùy Dương", "Do Thuy Duong"),
        ("names_old_marks", "Lê Thị Hòa", "Lê Thị Hoà"),
        ("names_old_marks", "Bùi Thúy Hằng", "Bùi Thuý Hằng"),
        ("names_old_marks", "Huỳnh Quý Lụa", "Huỳnh Quý Lụa"),  # no occasion: the mark can stand nowhere else
        ("names_in_capitals", "Võ Hồng Hạnh", "VÕ HỒNG HẠNH"),
        ("names_in_small_letters", "Võ Hồng Hạnh", "võ hồng hạnh"),
        ("names_decomposed", "Lê Hà", unicodedata.normalize("NFD", "Lê Hà")),
        ("names_spaced", "Lê Thị Hà", "Lê  Thị Hà"),
    ],
)
def test_names_go_wrong_as_they_do_when_vietnamese_is_typed(what: str, name: str, typed: str) -> None:
    assert fragment_records._name(what, name, 0.1) == typed


# --- always the same, and nothing given away ---


def test_the_same_seed_leaves_the_same_fragments_on_any_number_of_threads(shop: Scene) -> None:
    one, again, other = (live(shop, 3, seed) for seed in (SEED, SEED, SEED + 1))
    threads = pa.cpu_count()
    pa.set_cpu_count(1)
    first = left(shop, one)
    pa.set_cpu_count(4)
    second = left(shop, again)
    pa.set_cpu_count(threads)
    assert first.rows.equals(second.rows)
    assert first.truth.equals(second.truth)
    typed = [fragments.misspelt(each.records, each.whom, SEED, each.chance) for each in (one, again)]
    assert typed[0] == typed[1]
    elsewhere = left(shop, other, SEED + 1)
    assert not set(first.rows["cookie"].to_pylist()) & set(elsewhere.rows["cookie"].to_pylist()) - {None}


@pytest.mark.parametrize("people_there", [1, 700, 2_047])
def test_more_people_change_nothing_about_the_first_ones(
    shop: Scene,
    lives: list[Life],
    pieces: list[fragments.Fragments],
    file: list[fragments.Misspelt],
    people_there: int,
) -> None:
    life = lives[0]
    known = life.known[:people_there]
    records = life.records[: int((known < DAYS).sum())]
    fewer = replace(life, events=life.events.first(people_there), known=known, records=records)
    piece = left(shop, fewer)
    assert piece.rows.equals(pieces[0].rows.slice(0, piece.rows.num_rows))
    told = pieces[0].truth.to_pandas()
    pd.testing.assert_frame_equal(
        piece.truth.to_pandas(), told[told.person < people_there].reset_index(drop=True)
    )
    typed = fragments.misspelt(records, fewer.whom, SEED, life.chance)
    assert typed.rows == file[0].rows[: len(typed.rows)]
    assert len(typed.rows) >= len(records)


def test_an_event_more_leaves_all_other_events_as_they_are(shop: Scene, lives: list[Life]) -> None:
    life, row = lives[1], 4_321
    events = life.events
    hotline = shop.kinds.number("cc_hotline", "call")
    more = Events(
        np.insert(events.person, row, events.person[row]),
        np.insert(events.time, row, events.time[row] - 0.001),
        np.insert(events.kind, row, hotline),
    )
    before, after = left(shop, life).rows, left(shop, replace(life, events=more)).rows
    assert after["source"][row].as_py() == "call_centre"
    assert after.slice(0, row).equals(before.slice(0, row))
    assert after.slice(row + 1).equals(before.slice(row))


def test_chances_are_spread_evenly_and_tell_nothing_of_each_other(lives: list[Life]) -> None:
    events = lives[0].events
    chance = fragments._chances(events.person, events.time, lives[0].chance("fragments"))
    bins = np.array([np.histogram(row, bins=20, range=(0, 1))[0] for row in chance])
    expected = len(events.person) / 20
    assert (((bins - expected) ** 2 / expected).sum(axis=1) < 50).all()  # chi squared, 19 degrees of freedom
    with_all = np.corrcoef(np.vstack([chance, events.time, events.person]))
    assert np.abs(with_all[: len(chance)] - np.eye(len(with_all))[: len(chance)]).max() < 0.035


def as_digits(text: pd.Series) -> np.ndarray:
    """The digits of ids as columns, and the whole id as one number: all that a model could look at."""
    plain = text.str.replace(r"^(U|TV|KH)", "", regex=True)
    base = 16 if plain.str.contains("[a-f]", regex=True).any() else 10
    digits = np.array([[int(sign, base) for sign in one] for one in plain], dtype=np.float64)
    whole = np.array([int(one, base) for one in plain], dtype=np.float64) / base ** len(plain.iloc[0])
    return np.column_stack([digits, whole])


def explained(features: np.ndarray, label: np.ndarray) -> float:
    """How much of `label` a line through ranks of half the rows says about the other half (at most 1)."""
    ranked = np.column_stack([np.ones(len(label)), *(pd.Series(one).rank() for one in features.T)])
    target = pd.Series(label).rank().to_numpy()
    fit, test = np.arange(len(label)) % 2 == 0, np.arange(len(label)) % 2 == 1
    line, *_ = np.linalg.lstsq(ranked[fit], target[fit], rcond=None)
    return float(np.corrcoef(ranked[test] @ line, target[test])[0, 1])


@pytest.mark.parametrize("kind", ["cookie", "device", "user_id", "member"])
def test_no_digit_of_a_fragment_tells_who_came_first_or_who_belongs_together(
    seen: pd.DataFrame, truth: pd.DataFrame, lives: list[Life], kind: str
) -> None:
    own = truth[(truth.kind == kind) & ~truth.error].drop_duplicates("fragment")
    own = own.sample(frac=1, random_state=3)  # rows apart, or the two halves would be neighbours
    features = as_digits(own.fragment)
    known = np.concatenate([life.known for life in lives])
    first = of_kind(seen, kind).groupby("fragment").time.min()
    labels = {
        "person": own.person.to_numpy(),
        "known since": known[own.person.to_numpy()],
        "first seen": first[own.fragment].to_numpy(),
    }
    limit = 4 / np.sqrt(len(own) / 2)
    told = {name: explained(features, label) for name, label in labels.items()}
    assert {name: far for name, far in told.items() if abs(far) > limit} == {}
    next_to = pd.Series(features[np.argsort(own.person.to_numpy(), kind="stable"), -1])
    if kind in ("user_id", "member"):
        assert abs(next_to.autocorr()) < 4 / np.sqrt(len(own))


def test_codes_of_second_records_look_like_all_others(
    file: list[fragments.Misspelt], lives: list[Life]
) -> None:
    own = {record[0] for life in lives for record in life.records}
    codes = pd.Series([row[0] for typed in file for row in typed.rows])
    second = ~codes.isin(own).to_numpy()
    features = as_digits(codes)
    for digit in features.T:
        ranks = pd.Series(digit).rank().to_numpy()
        spread = np.std(ranks) / np.sqrt(second.sum())
        assert abs(ranks[second].mean() - ranks.mean()) < 4 * spread


@pytest.mark.slow
def test_the_fragments_of_600_thousand_events_take_less_than_six_seconds_of_one_processor(
    shop: Scene,
) -> None:
    shop_lives = [live(shop, block) for block in range(30)]
    left(shop, shop_lives[0])
    start = time.process_time()
    rows = sum(left(shop, life).rows.num_rows for life in shop_lives)
    for life in shop_lives:
        fragments.misspelt(life.records, life.whom, SEED, life.chance)
    spent = time.process_time() - start
    assert rows > 600_000
    assert spent < 6
