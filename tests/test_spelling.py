"""A tone mark has two places in an open syllable, and a name written both ways is one name."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import journey_lib as jl
from journey_lib import prepare, stages, touchpoints
from journey_lib.channels import assign, load
from journey_lib.errors import ConfigError, JourneyError
from journey_lib.features import beside
from journey_lib.journey_map.sheets import Topic
from journey_lib.personas import grammar
from journey_lib.spelling import bare, respelt, tidy_name, tidy_vietnamese

# The syllables whose two spellings both stand in dictionaries: written since the Ministry's rules of 1984, as
# before, and what is shown.
PAIRS = [
    ("hoà", "hòa"), ("hoá", "hóa"), ("hoả", "hỏa"), ("hoạ", "họa"), ("loã", "lõa"), ("toà", "tòa"),
    ("khoá", "khóa"), ("xoá", "xóa"), ("thoả", "thỏa"), ("ngoã", "ngõa"), ("khoẻ", "khỏe"), ("loè", "lòe"),
    ("xoè", "xòe"), ("choé", "chóe"), ("thuý", "thúy"), ("huỷ", "hủy"), ("thuỷ", "thủy"), ("uỷ", "ủy"),
    ("luỹ", "lũy"), ("tuỳ", "tùy"), ("truỵ", "trụy"), ("suý", "súy"), ("nguỵ", "ngụy"), ("đoá", "đóa"),
]  # fmt: skip

# One spelling only: a consonant or vowel follows, u belongs to qu, i to gi, or another letter bears the mark.
ALONE = [
    "hoàn", "hoàng", "thuốc", "quý", "quỷ", "quỹ", "quỵ", "quà", "quả", "giá",
    "già", "giỏ", "giữa", "gìn", "hoài", "xoáy", "khuỷu", "khoét", "toản", "thuyền",
    "huỳnh", "khuỵnh", "loạt", "hoặc", "thuở", "mùa", "múa", "lúa", "mía", "bìa",
    "lửa", "đường", "mới", "nước", "tuần", "tuế", "thuê", "huệ", "khuya", "thoái",
    "ngoằn", "oái", "quyển", "quét", "quạ",
]  # fmt: skip

# Not Vietnamese: these come out as they came in.
FOREIGN = ["Chloé", "Zoé", "Noël", "Citroën", "crème brûlée", "jamón", "https://a.vn/ho%C3%A0", "hoa", "A&W"]


@pytest.mark.parametrize(("newer", "older"), PAIRS, ids=[older for _, older in PAIRS])
def test_both_spellings_of_an_open_syllable_become_the_older(newer: str, older: str) -> None:
    for change in (str, str.upper, str.capitalize):
        for form in ("NFC", "NFD"):
            for text in (newer, older):
                said = unicodedata.normalize(form, f"12. Cửa_hàng {change(text)}, (quận {change(text)})")
                assert tidy_vietnamese(said) == f"12. Cửa_hàng {change(older)}, (quận {change(older)})"


@pytest.mark.parametrize("word", [*ALONE, *FOREIGN])
def test_what_has_one_spelling_stays_as_it_is(word: str) -> None:
    for text in (word, word.upper(), f"x {word} x"):
        assert tidy_vietnamese(text) == text


LETTERS = "hoaeuyqthk gi_-2OAUYÀàáảãạèéẻẽẹỳýỷỹỵòóọùúụêôđĐ\u0300\u0301\u0302\u0309\u0303\u0323"


@given(st.text(alphabet=st.sampled_from(LETTERS), max_size=12) | st.text(max_size=20))
@example("hoà\u0309")  # a second mark that finds no letter of its own
@example("q\u0300uý")
def test_laws_of_spelling(text: str) -> None:
    """Twice is once; composed or not is the same; letters come and go nowhere; only marks move."""
    tidy = tidy_vietnamese(text)
    assert tidy_vietnamese(tidy) == tidy
    assert tidy_vietnamese(unicodedata.normalize("NFD", text)) == tidy
    assert len(tidy) == len(unicodedata.normalize("NFC", text))
    assert bare(tidy) == bare(text)
    assert sorted(unicodedata.normalize("NFD", tidy)) == sorted(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize("text", ["/hoà-bình", "https://a.vn/hoà", "thuý@a.vn", "zalo://hoà"])
def test_an_address_is_no_name(text: str) -> None:
    """Two pages may differ in nothing else; the letters are composed, as those of all texts."""
    for form in ("NFC", "NFD"):
        assert tidy_name(unicodedata.normalize(form, text)) == text


@given(st.text(alphabet=st.sampled_from(LETTERS + "/@:"), max_size=12))
def test_a_name_is_either_spelt_or_left(text: str) -> None:
    assert tidy_name(text) in (tidy_vietnamese(text), unicodedata.normalize("NFC", text))
    assert tidy_name(tidy_name(text)) == tidy_name(unicodedata.normalize("NFD", text)) == tidy_name(text)


def test_only_what_changes_is_named() -> None:
    assert respelt(["hoà", "hòa", "thuốc", "web", unicodedata.normalize("NFD", "tờ rơi")]) == {
        "hoà": "hòa",
        unicodedata.normalize("NFD", "tờ rơi"): "tờ rơi",
    }


# --- end to end: journey.yaml and maps with the newer spelling, data with the older and both ---

CONFIG = """
name: s
timezone: UTC
currency: VND
conversions: {buy: {event_type: hoá đơn}}
stages: maps/stages.yaml
labels: {Tổng đài Thuỷ: {vi: Tổng đài, en: Call centre}}
features: {offline: [Cửa hàng Hoà Bình], offers: [Tổng đài Thuỷ], file: own.csv, own: {nhóm: {}}}
channels: {custom: maps/rules.yaml}
sources:
  - {table: events, format: csv, path: e.csv}
  - {table: costs, format: csv, path: costs.csv}
  - {table: surveys, format: csv, path: surveys.csv}
  - {table: tickets, format: csv, path: tickets.csv}
  - {table: customers, format: csv, path: people.csv}
  - {table: items, format: csv, path: items.csv}
  - {table: experiments, format: csv, path: trials.csv}
"""
FILES = {
    "journey.yaml": CONFIG,
    "maps/rules.yaml": "- {channel: Khoẻ mỗi ngày, when: {campaign: /sức khoẻ/}}\n"
    "- {channel: Khoẻ mỗi ngày, when: {source: báo uỷ ban}}\n",
    "maps/stages.yaml": "stages:\n"
    "  - {stage: seen, any: [{channel: Cửa hàng Hoà Bình}]}\n"
    "  - {stage: bought, any: [{event_type: hoá đơn}]}\n",
    "maps/planned.yaml": "steps:\n"
    "  - {step: shop, any_of: [Cửa hàng Hoà Bình]}\n"
    "  - {step: call, any_of: [Tổng đài Thuỷ]}\n",
    "maps/touchpoints.yaml": "departments: {sales: {}}\n"
    "touchpoints:\n"
    "  - {touchpoint: till, place: offline, owner: sales, seen_as: [Quầy khoá], tickets: [Tổng đài Thuỷ]}\n",
    "maps/targets.yaml": "targets: {city: {Khánh Hoà: 0.5}}\n",
    "e.csv": "customer_id,timestamp,event_type,channel,touchpoint,source,campaign,value\n"
    "a,2025-01-01,click,Cửa hàng Hòa Bình,Quầy khóa,,,\n"
    "a,2025-01-02,click,Cửa hàng Hoà Bình,Quầy khoá,,,\n"
    "a,2025-01-03,click,Tổng đài Thủy,/hoà,,,\n"
    "a,2025-01-03 01:00,click,Tổng đài Thủy,/hòa,,,\n"
    "b,2025-01-01,click,,,zalo,Sức khỏe 2025,\n"
    "b,2025-01-02,click,,,zalo,sức khoẻ tết,\n"
    "b,2025-01-02 01:00,click,,,Báo ủy ban,,\n"
    "a,2025-01-04,hóa đơn,,,,,1000\n"
    "b,2025-01-04,hoá đơn,,,,,2000\n",
    "costs.csv": "date,channel,campaign,cost\n2025-01-01,Cửa hàng Hoà Bình,khoá học,10\n"
    "2025-01-01,Cửa hàng Hòa Bình,khóa học,20\n",
    "surveys.csv": "survey_id,customer_id,timestamp,touchpoint,metric,score,comment\n"
    "1,a,2025-01-05,Quầy khoá,nps,9,Nhân viên Hoà rất khoẻ\n2,b,2025-01-05,Quầy khóa,nps,9,hòa\n",
    "tickets.csv": "ticket_id,customer_id,timestamp,channel,topic,text\n"
    "t-hoà,a,2025-01-05,Tổng đài Thuỷ,Huỷ đơn,xin huỷ đơn\nt2,b,2025-01-05,Tổng đài Thủy,Hủy đơn,hủy\n",
    "people.csv": "customer_id,city,district\na,Khánh Hoà,Hoá An\nb,Khánh Hòa,Hóa An\n",
    "items.csv": "order_id,customer_id,timestamp,category\n"
    "1,a,2025-01-04,Hoá chất\n2,b,2025-01-04,Hóa chất\n",
    "trials.csv": "experiment,channel,start,end\nx,Cửa hàng Hoà Bình,2025-01-01,2025-01-02\n",
    "own.csv": "customer_id,nhóm\na,khoẻ\nb,khỏe\n",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> jl.workspace.Workspace:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "maps").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    opened = jl.open(folder)
    prepare.prepare(opened)
    return opened


def side(shop: jl.workspace.Workspace, name: str) -> pd.DataFrame:
    return pq.read_table(shop.work / f"{name}.parquet").to_pandas()


def test_channels_touchpoints_and_event_types_are_one_whichever_way_they_are_written(shop) -> None:
    touches = jl.touches.load(shop)
    assert touches.channels == ("Cửa hàng Hòa Bình", "Khỏe mỗi ngày", "Tổng đài Thủy")
    assert touches.touchpoints == ("/hoà", "/hòa", "Quầy khóa")
    assert touches.event_types == ("click", "hóa đơn")
    assert touches.converting() == ("hóa đơn",)
    paths = jl.journeys.paths(touches, lookback="30d")
    assert (int(paths.conversions.sum()), len(paths.conversions)) == (2, 2)


def test_tables_beside_the_touches_say_the_same_names(shop) -> None:
    assert side(shop, "costs")[["channel", "campaign", "cost"]].to_numpy().tolist() == [
        ["Cửa hàng Hòa Bình", "khóa học", 10],
        ["Cửa hàng Hòa Bình", "khóa học", 20],
    ]
    assert set(side(shop, "surveys")["touchpoint"]) == {"Quầy khóa"}
    tickets = side(shop, "tickets")
    assert (set(tickets["channel"]), set(tickets["topic"])) == ({"Tổng đài Thủy"}, {"Hủy đơn"})
    people = side(shop, "customers")
    assert (set(people["city"]), set(people["district"])) == ({"Khánh Hòa"}, {"Hóa An"})
    assert set(side(shop, "items")["category"]) == {"Hóa chất"}
    assert set(side(shop, "experiments")["channel"]) == {"Cửa hàng Hòa Bình"}


def test_what_customers_wrote_and_keys_stay_byte_for_byte(shop) -> None:
    assert sorted(side(shop, "surveys")["comment"]) == ["Nhân viên Hoà rất khoẻ", "hòa"]
    tickets = side(shop, "tickets")
    assert sorted(tickets["text"]) == ["hủy", "xin huỷ đơn"]
    assert sorted(tickets["ticket_id"]) == ["t-hoà", "t2"]


def test_what_people_write_of_the_data_finds_it(shop) -> None:
    touches = jl.touches.load(shop)
    assert shop.labels["Tổng đài Thủy"]["en"] == "Call centre"
    beside.check_names(shop, touches)  # refuses a name that no touch has
    model = stages.load(shop.stages, shop.path)
    assert model.goal(touches.converting()) == "bought"
    moves = jl.journeys.transitions(jl.journeys.steps_by(touches, "stage", model), lookback="30d").table
    assert "seen" in {*moves["from"], *moves["to"]}
    assert jl.maps.planned(shop).names == ("Cửa hàng Hòa Bình", "Tổng đài Thủy")
    said = touchpoints.authored(shop)
    assert touchpoints.places(touches.touchpoints, said) == (("till", "/hoà", "/hòa"), [1, 2, 0])
    assert said.touchpoints[0].tickets == ("Tổng đài Thủy",)
    assert Topic(topic="Huỷ đơn").topic == "Hủy đơn"


@pytest.mark.parametrize("step", ["Cửa hàng Hoà Bình", "Cửa hàng Hòa Bình"])
def test_a_step_that_is_asked_for_by_name_is_found(shop, step: str) -> None:
    touches = jl.touches.load(shop)
    for group in (jl.journeys.through(touches, step), jl.journeys.along(touches, f'"{step}" -> ...')):
        assert jl.journeys.transitions(touches, lookback="30d", group=group).facts["journeys"] == 1
    found = jl.funnel.funnel(touches, [step, "Tổng đài Thuỷ"], order="loose")
    assert found.table["customers"].tolist() == [1, 1]


def test_own_features_and_rules_on_them_are_spelt_alike(shop) -> None:
    features = jl.features.table(shop, as_of="2025-02-01", window="60d")
    assert set(features.frame["nhom"]) == {"khỏe"}
    meant = jl.personas.target(shop)
    assert jl.personas.audience(features, meant).table["share"].tolist() == [1.0, 0.0]  # and others
    for text in ('city == "Khánh Hoà"', 'city in ["Khánh Hòa"]'):
        assert grammar.fits(grammar.read(text), features).all()


def test_a_frame_and_a_file_of_paths_are_doors_too() -> None:
    frame = pd.DataFrame(
        {
            "who": [1, 1, 2],
            "when": pd.to_datetime(["2025-01-01"] * 3),
            "where": ["Toà nhà", "Tòa nhà ", "web"],
        }
    )
    touches = jl.touches.from_frame(
        frame.assign(won=False), customer_id="who", timestamp="when", channel="where", conversion="won"
    )
    assert touches.channels == ("Tòa nhà", "web")
    told = pd.DataFrame({"path": ["Toà nhà > web", "Tòa nhà > web"], "n": [1, 2]})
    paths = jl.attribution.read_paths(told, conversions="n", value=None, nulls=None)
    assert (paths.channels, paths.conversions.tolist()) == (("Tòa nhà", "web"), [3])


def test_one_name_in_both_spellings_is_a_key_said_twice(tmp_path: Path) -> None:
    (tmp_path / "journey.yaml").write_text(
        CONFIG.replace("labels: {", "labels: {Tổng đài Thủy: {vi: x}, "), encoding="utf-8"
    )
    with pytest.raises(ConfigError) as told:
        jl.open(tmp_path)
    assert "'Tổng đài Thuỷ' stands twice" in str(told.value)


def test_channel_rules_do_not_see_the_place_of_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    for rule in ("tòa soạn", "toà soạn", "/tòa soạn/", "/^toà soạn$/"):
        file.write_text(json.dumps([{"channel": "Hoà", "when": {"source": rule}}]), encoding="utf-8")
        rules = load(custom=file)
        told = pd.DataFrame({"source": ["Toà soạn", "TÒA SOẠN", unicodedata.normalize("NFD", "toà soạn")]})
        assert assign(rules, told) == ["Hòa"] * 3, rule
    with pytest.raises(JourneyError):
        load(custom=tmp_path / "none.yaml")
