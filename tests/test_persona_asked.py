"""What the personas page is asked for that cannot be, and what is written of personas that are not there."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from tables import touches

from journey_lib import cards, findings_personas, i18n, sections_cast
from journey_lib.errors import DataError, ParameterError
from journey_lib.features import Features
from journey_lib.features.table import of_touches
from journey_lib.personas.find import find
from journey_lib.personas.matrix import plain
from journey_lib.personas.notes import Notes


def alike(people: int = 120) -> Features:
    """Everybody came twenty times, half of it in the store."""
    frame = pd.DataFrame({"share_store": np.full(people, 0.5), "touches": np.full(people, 20.0)})
    return plain(frame, {"share_store": "share", "touches": "count"})


@pytest.mark.parametrize(
    "asked", [{"k": 0}, {"k": 1}, {"k": 31}, {"k": -3}, {"least_touches": 0}, {"seed": -1}]
)
def test_what_cannot_be_is_refused_in_words(asked: dict[str, Any]) -> None:
    options: dict[str, Any] = {"names": None, "method": "kmeans", "k": None, "least_touches": 20, "seed": 0}
    with pytest.raises(ParameterError) as told:
        sections_cast.look(alike(), **{**options, **asked})
    assert str(next(iter(asked.values()))) in told.value.what
    assert told.value.do


def test_a_window_beyond_any_calendar_is_refused_and_an_earlier_day_too_far_is_none() -> None:
    log = touches("who | when | channel | sale\nan | 01-01 08:00 | email |\nan | 01-20 08:00 | email |")
    with pytest.raises(ParameterError, match="before any shop"):
        of_touches(log, window="99999999d")
    now = of_touches(log)
    assert sections_cast.earlier(now, "99999999d").year == 1925


def test_where_all_are_alike_the_page_goes_on_and_says_so() -> None:
    asked: Any = {"method": "kmeans", "k": None, "least_touches": 20, "seed": 0}
    looked = sections_cast.look(alike(), names=None, **asked)
    assert (looked.found, looked.known) == (None, 120)
    said: list[str] = []
    i18n.speak("en")
    assert sections_cast.found(SimpleNamespace(say=said.append, k=10), looked) == []  # type: ignore[arg-type]
    assert said[0].startswith("**All are alike.** In none of the traits looked at do these 120")
    with pytest.raises(DataError, match="no feature tells customers apart"):  # who named them is told
        sections_cast.look(alike(), names=["share_store"], **asked)
    with pytest.raises(ParameterError, match="negative"):
        find(alike(), seed=-1)


def test_an_earlier_window_in_which_nobody_was_seen_compares_nothing(monkeypatch) -> None:
    log = touches("who | when | channel | sale\nan | 01-01 08:00 | email |\nan | 01-20 08:00 | email |")
    now = of_touches(log, window="1d")
    monkeypatch.setattr(
        sections_cast.tables_of,
        "table",
        lambda _workspace, held, *, as_of, like, window: of_touches(
            held, as_of=as_of, like=like, window=window
        ),
    )
    run: Any = SimpleNamespace(workspace=None)
    assert sections_cast.past(run, log, now, None, before="5d", window="1d") is None
    assert sections_cast.past(run, log, now, None, before="17d", window="5d") is not None


WRITTEN = Notes.model_validate({"personas": {"p1": {"name": {"en": "A"}}, "p9": {"name": {"en": "B"}}}})
MEMBERS = pd.Series({1: "p1", 2: "p2"})


def test_what_is_written_of_a_persona_that_is_not_there_is_told() -> None:
    i18n.speak("en")
    said = findings_personas.unread(WRITTEN, MEMBERS, found=True, kept=True)
    assert said.startswith("`maps/personas.yaml` speaks of **p9**: no such persona is on this page")
    assert "found anew" not in said
    assert "**p1, p9**" in findings_personas.unread(WRITTEN, MEMBERS, found=False, kept=False)
    assert findings_personas.unread(Notes(), MEMBERS, found=True, kept=False) == ""


def test_names_by_code_of_personas_found_anew_may_be_of_others() -> None:
    """Codes go by size: of two runs, p1 may be other people."""
    i18n.speak("en")
    one = Notes.model_validate({"personas": {"p1": {"name": {"en": "A"}}}})
    assert "found anew" in findings_personas.unread(one, MEMBERS, found=True, kept=False)
    assert findings_personas.unread(one, MEMBERS, found=True, kept=True) == ""


def test_a_name_is_one_line_that_a_card_has_room_for() -> None:
    def name(text: str) -> dict[Any, str]:
        return Notes.model_validate({"personas": {"p1": {"name": {"en": text}}}}).of("p1").name

    assert name("a\nb\u202ec") == {"en": "a b c"}
    assert name("  ") == {}
    with pytest.raises(ValidationError, match="10,000 characters: a card has room for 80"):
        name("x" * 10_000)
    note = {"text": {"en": "x" * 501}, "basis": "interview"}
    with pytest.raises(ValidationError, match="room for 500"):
        Notes.model_validate({"personas": {"p1": {"needs": [note]}}})


def test_the_card_says_where_few_bring_most_of_the_money() -> None:
    i18n.speak("en")
    size = SimpleNamespace(mean_low=5.0, mean_high=900.0, carriers=29.0)
    assert cards._worth(size, "VND", "40")[1:] == ["n = 40", "few bring most of it: at least as unsure"]
    many = SimpleNamespace(**{**vars(size), "carriers": 30.0})
    assert cards._worth(many, "VND", "40")[1:] == ["n = 40"]


def test_kept_personas_of_which_nobody_is_one_give_place_to_rules() -> None:
    i18n.speak("en")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": np.repeat([0.0, 9.0], 60) + rng.normal(size=120), "b": rng.normal(size=120)})
    frame = frame.assign(recency_conversion_days=np.nan)
    features = plain(frame, dict.fromkeys(frame, "number"))
    found = find(features, names=["a", "b"], k=2, ks=[2], bootstraps=10)
    nobody = replace(found, labels=found.labels * 0 - 1)
    said: list[str] = []
    run: Any = SimpleNamespace(say=said.append, language="en")
    who = sections_cast.cast(run, sections_cast.Look(nobody, 120, 120, 20), features)
    assert (who.by, len(who.members)) == ("rfm", 0)
    assert said == ["Nobody is in any of these personas now: the groups below are made by rules (RFM)."]
