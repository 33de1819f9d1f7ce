"""An empty map to start from: the stages of a model, and under each the questions a workshop asks."""

from __future__ import annotations

import datetime as dt
import json
from typing import Literal

from journey_lib.model import Language
from journey_lib.stages import Model

# What each lane asks, by language; the lanes in the order in which a workshop fills them.
_ASKS: dict[str, dict[Language, str]] = {
    "steps": {"vi": "Khách lần lượt làm những việc gì?", "en": "What do customers do, one after the other?"},
    "doing": {"vi": "Nhìn từ ngoài, khách đang làm gì?", "en": "What could one see them doing?"},
    "thinking": {
        "vi": "Khách tự hỏi điều gì? Viết như lời họ nói.",
        "en": "What do they ask themselves? In their words.",
    },
    "pains": {"vi": "Điều gì làm họ khó chịu hoặc bỏ cuộc?", "en": "What annoys them or makes them give up?"},
    "gains": {"vi": "Điều gì làm họ hài lòng?", "en": "What pleases them?"},
    "expectations": {"vi": "Họ trông đợi gì ở ta?", "en": "What do they expect of us?"},
    "moments": {
        "vi": "Khoảnh khắc nào quyết định họ đi tiếp?",
        "en": "Which moment decides whether they go on?",
    },
}
_SAID: dict[str, dict[Language, str]] = {
    "head": {
        "vi": "Bản đồ hành trình: phần do con người soạn. Số liệu đo từ dữ liệu tự điền vào bên cạnh.",
        "en": "The journey map: the side that people write. What data can say is measured and put beside it.",
    },
    "author": {"vi": "Bộ phận soạn", "en": "Department that writes it"},
    "department": {"vi": "Chăm sóc khách hàng", "en": "Customer care"},
    "name": {"vi": "Tên gọi chân dung", "en": "A name for the persona"},
    "about": {"vi": "Họ là ai, sống thế nào?", "en": "Who are they, how do they live?"},
    "scenario": {"vi": "Họ cần gì, trong hoàn cảnh nào?", "en": "What do they need, and when?"},
    "title": {"vi": "Hành trình hiện tại", "en": "The journey as it is"},
    "review": {"vi": "ngày phải xem lại", "en": "to be looked at again by then"},
    "feeling": {"vi": "từ -1 (rất tệ) đến 1 (rất tốt)", "en": "from -1 (as bad as can be) to 1"},
    "chance": {"vi": "Có thể làm tốt hơn điều gì?", "en": "What could be done better?"},
    "scale": {"vi": "impact, effort: từ 1 đến 3", "en": "impact, effort: from 1 to 3"},
}


def blank(
    model: Model,
    *,
    language: Language = "vi",
    kind: Literal["current", "future"] = "current",
    date: dt.date | None = None,
) -> str:
    """An empty `maps/journey_map.yaml` for a stage model: every lane is there, with what it asks.

    It is valid as it stands, so that a first map can be drawn before anything is known. It is dated `date`
    (today when None), and to be looked at again half a year later.
    """
    today = date or dt.date.today()

    def say(key: str) -> str:
        return _SAID[key][language]

    lines = [
        f"# {say('head')}",
        "# docs/journey-map.md",
        f"author: {_text(say('author'))}",
        f"date: {today}",
        f"review: {today + dt.timedelta(days=182)}  # {say('review')}",
        "departments:",
        f"  care: {{{language}: {_text(say('department'))}}}",
        "personas:",
        "  - persona: first",
        f"    name: {{{language}: {_text(say('name'))}}}",
        f"    about: {{{language}: {_text(say('about'))}}}",
        "maps:",
        f"  - map: {kind}",
        f"    kind: {kind}",
        f"    title: {{{language}: {_text(say('title'))}}}",
        "    personas: [first]",
        f"    scenario: {{{language}: {_text(say('scenario'))}}}",
        "    stages:",
    ]
    for stage in model.stages:
        label = ", ".join(f"{code}: {_text(words)}" for code, words in stage.label.items())
        lines += [f"      - stage: {stage.stage}", *([f"        label: {{{label}}}"] if label else [])]
        lines += ["        owner: care"]
        for lane, asks in _ASKS.items():
            lines += [
                f"        {lane}:",
                f"          - {{{language}: {_text(asks[language])}, assumed: true}}",
            ]
        lines += [
            f"        feeling: {{score: 0, {language}: {_text('?')}, assumed: true}}  # {say('feeling')}",
            f"        opportunities:  # {say('scale')}",
            f"          - {{{language}: {_text(say('chance'))}, owner: care, impact: 2, effort: 2,",
            "             assumed: true}",
        ]
    return "\n".join(lines) + "\n"


def _text(words: str) -> str:
    """A text in double quotes: what JSON writes is YAML."""
    return json.dumps(words, ensure_ascii=False)
