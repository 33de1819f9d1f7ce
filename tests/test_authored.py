"""Files written by hand: a mistake is told with file, line and field; nothing in them runs or explodes."""

from __future__ import annotations

import time

import pytest
from pydantic import Field

from journey_lib import authored
from journey_lib.errors import ConfigError


class Dish(authored.Strict):
    name: str
    spices: tuple[str, ...] = ()


class Menu(authored.Strict):
    dishes: tuple[Dish, ...] = Field(min_length=1)
    prices: dict[str, Dish] = Field(default_factory=dict)


def _read(tmp_path, text: str | bytes) -> Menu:
    file = tmp_path / "menu.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return authored.read(file, Menu, what="the menu")


def test_what_is_written_comes_back_checked(tmp_path):
    assert _read(tmp_path, "dishes:\n- {name: Phở, spices: [quế]}\n").dishes[0].spices == ("quế",)


def test_marks_typed_apart_are_put_together(tmp_path):
    assert _read(tmp_path, "dishes: [{name: Pho\u031b\u0309}]").dishes[0].name == "Phở"


def test_a_byte_order_mark_does_no_harm(tmp_path):
    assert _read(tmp_path, b"\xef\xbb\xbfdishes: [{name: a}]").dishes[0].name == "a"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "dishes:\n- name: a\n  spicse: [b]\n",
            "line 3: dishes.0.spicse: unknown key. did you mean 'spices'",
        ),
        (
            "dishes:\n- name: a\nprices:\n  x: {nam: b}\n",
            "line 4: prices.x.nam: unknown key. did you mean 'name'",
        ),
        ("dishes: [{name: a}]\ndishes: [{name: b}]\n", "the key 'dishes' is said twice"),
        ("dishes:\n- name: [1]\n", "line 2: dishes.0.name"),
        ("- a", "is no mapping"),
        ("", "dishes: Field required"),
        ("dishes: [", "cannot be read as YAML"),
        (b"dishes: \xff", "cannot be read as YAML"),
        ("dishes: !!python/object/apply:os.system [echo]", "holds the tag"),
        ("dishes: &a [{name: a}]\nprices: *a", "the anchor or alias 'a'"),
        ("[" * 5_000, "more than 20 levels"),
        ("dishes: [{name: a}]\nprices: {? [a] : b}", "cannot be read as YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, text, said):
    with pytest.raises(ConfigError) as told:
        _read(tmp_path, text)
    assert said.lower() in str(told.value).lower()
    assert "menu.yaml" in str(told.value)


def test_a_bomb_of_aliases_is_refused_before_it_unfolds(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    began = time.process_time()
    with pytest.raises(ConfigError, match="anchor or alias"):
        _read(tmp_path, "\n".join(lines))
    assert time.process_time() - began < 5


def test_a_file_too_large_for_a_hand_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="too large"):
        _read(tmp_path, b"#" * (authored.LARGEST + 1))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        authored.read(tmp_path / "none.yaml", Menu, what="the menu")
