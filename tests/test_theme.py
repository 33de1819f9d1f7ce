"""Pictures: colours everyone can tell apart, charts nobody has to guess at, and nothing silently empty."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pytest
from sample_report import HOSTILE

from journey_lib import i18n, theme
from journey_lib.errors import ParameterError, ReportFailed
from journey_lib.stills import harmless, slim

LOCALE = i18n.vega_locale("VND", "vi")
FRAME = pd.DataFrame({"channel": ["Zalo", "Facebook"], "value": [357_960_000, 1_000]})


@pytest.fixture(autouse=True)
def _report_mode() -> None:
    theme.enable("report", currency="VND", language="vi")


def chart(frame: pd.DataFrame = FRAME, **properties: Any) -> alt.Chart:
    said = {"title": "Value by channel", "description": "Bars of value.", **properties}
    axis = alt.Axis(format="$,.0f")
    return alt.Chart(frame, **said).mark_bar().encode(y="channel:N", x=alt.X("value:Q", axis=axis))


# --- colours ---

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour: str) -> np.ndarray:
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson 2020."""
    to_lms = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
    lms = np.cbrt(np.clip(np.array([*to_lms, [0.0883024619, 0.2817188376, 0.6299787005]]) @ rgb, 0, None))
    to_lab = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
    return np.array([*to_lab, [0.0259040371, 0.7827717662, -0.8086757660]]) @ lms


def contrast(one: str, other: str) -> float:
    light = sorted(linear(c) @ np.array([0.2126, 0.7152, 0.0722]) for c in (one, other))
    return float((light[1] + 0.05) / (light[0] + 0.05))


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_any_two_series_can_be_told_apart_by_every_kind_of_sight(scheme: theme.Scheme, sight: str) -> None:
    colours = [theme.TOKENS[scheme][f"c{n}"] for n in range(1, 9)]
    seen = [oklab(np.clip(np.array(SIGHT[sight]) @ linear(c), 0, 1)) for c in colours]
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
    assert 100 * nearest >= 9


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_and_words_stand_out_from_what_is_behind_them(scheme: theme.Scheme) -> None:
    tokens = theme.TOKENS[scheme]
    for behind in (tokens["paper"], tokens["card"]):
        assert min(contrast(tokens[f"c{n}"], behind) for n in range(1, 9)) >= 3
        assert min(contrast(tokens[name], behind) for name in ("ink", "soft", "accent", "alarm")) >= 4.5
    assert (
        min(contrast(tokens[name], tokens["alarm-paper"]) for name in ("ink", "soft", "alarm", "accent"))
        >= 4.5
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_on_a_ramp_can_be_read_at_both_of_its_ends(scheme: theme.Scheme) -> None:
    ramp, tokens = theme.SEQUENTIAL[scheme], theme.TOKENS[scheme]
    assert contrast(tokens["on-low"], ramp[0]) >= 7
    assert contrast(tokens["on-high"], ramp[-1]) >= 7
    lightness = [oklab(linear(c))[0] for c in ramp]
    assert lightness == sorted(lightness, reverse=scheme == "light"), "a ramp goes one way"


# --- what a chart becomes ---


def test_a_chart_becomes_its_specification_a_still_and_words() -> None:
    bundle = chart()._repr_mimebundle_()
    assert list(bundle) == ["application/vnd.vegalite.v6+json", "image/svg+xml", "text/plain"]
    assert bundle["text/plain"] == "Value by channel. Bars of value."
    assert bundle["image/svg+xml"].startswith('<svg role="img" aria-label="Bars of value."')


def test_the_mimetype_ends_in_json_or_the_notebook_could_not_be_saved() -> None:
    assert theme.MIMETYPE.endswith("+json")


def test_money_on_an_axis_is_written_as_vietnamese_readers_expect() -> None:
    assert "200.000.000\N{NO-BREAK SPACE}₫" in chart()._repr_mimebundle_()["image/svg+xml"]


def test_a_still_takes_the_colours_of_the_page_it_sits_on() -> None:
    assert 'fill="var(--accent, #006567)"' in chart()._repr_mimebundle_()["image/svg+xml"]


@pytest.mark.parametrize(
    ("properties", "said"),
    [({"title": ""}, "no title"), ({"description": "  "}, "no description")],
)
def test_a_chart_must_be_named_and_described(properties: dict[str, str], said: str) -> None:
    with pytest.raises(ReportFailed, match=said):
        chart(**properties)._repr_mimebundle_()


def test_a_chart_with_nothing_in_it_is_refused_by_name() -> None:
    filtered = chart().transform_filter("datum.value > 1e12")
    with pytest.raises(ReportFailed, match="nothing in it") as refused:
        filtered._repr_mimebundle_()
    assert refused.value.where == "the chart “Value by channel”"


def test_a_line_without_a_single_value_is_nothing() -> None:
    gone = pd.DataFrame({"day": [1, 2], "value": [None, None]})
    line = alt.Chart(gone, title="t", description="d").mark_line().encode(x="day:Q", y="value:Q")
    with pytest.raises(ReportFailed, match="nothing in it"):
        line._repr_mimebundle_()


def test_a_chart_may_say_that_it_is_rightly_empty_and_then_goes_without_a_still() -> None:
    empty = chart(FRAME.head(0), usermeta={"journey": {"empty": True}})
    assert "image/svg+xml" not in empty._repr_mimebundle_()


def test_axes_legends_and_titles_do_not_count_as_something_drawn() -> None:
    assert theme.marks(theme.draw(chart().to_dict(), locale=LOCALE)) == 2
    layered = alt.layer(chart(), chart().mark_text()).properties(title="t", description="d")
    assert theme.marks(theme.draw(layered.to_dict(), locale=LOCALE)) == 4


def test_a_line_counts_once_however_many_points_it_has() -> None:
    line = alt.Chart(FRAME, title="t", description="d").mark_line().encode(x="channel:N", y="value:Q")
    assert theme.marks(theme.draw(line.to_dict(), locale=LOCALE)) == 1


def test_a_chart_that_would_load_its_data_from_somewhere_is_refused() -> None:
    far = alt.Chart("https://example.org/data.csv", title="t", description="d").mark_bar().encode(x="a:Q")
    with pytest.raises(ReportFailed, match="without a network"):
        far._repr_mimebundle_()


def test_too_many_rows_are_refused_as_altair_does() -> None:
    many = pd.DataFrame({"channel": "a", "value": range(5001)})
    with pytest.raises(alt.MaxRowsError):
        chart(many).to_dict()


def test_an_unknown_way_to_show_charts_is_refused() -> None:
    with pytest.raises(ParameterError, match="lab"):
        theme.enable("slides", currency="VND", language="vi")  # type: ignore[arg-type]


# --- stills ---


def test_a_hostile_name_in_a_still_is_text_and_nothing_else() -> None:
    frame = pd.DataFrame({"channel": [HOSTILE], "value": [1]})
    drawn = chart(frame, description=HOSTILE)._repr_mimebundle_()["image/svg+xml"]
    assert "<script" not in drawn
    assert "<img" not in drawn
    assert harmless(drawn)


def test_two_stills_on_one_page_share_no_ids() -> None:
    cut = '<svg><clipPath id="clip0"><rect/></clipPath><g clip-path="url(#clip0)"><path d="M0,{}"/></g></svg>'
    one, two = (slim(cut.format(n), description="d", font="sans") for n in (1, 2))
    named = [still.split('id="')[1].split('"')[0] for still in (one, two)]
    assert named[0] != named[1]
    assert all(f"url(#{name})" in still for name, still in zip(named, (one, two), strict=True))


def test_a_point_becomes_a_circle_and_a_ground_nobody_sees_goes() -> None:
    still = slim(
        '<svg><g><path class="background" d="M0,0h9v9h-9Z"/><g class="mark-symbol role-mark marks">'
        '<path transform="translate(1.04,57.04)" d="M4,0A4,4,0,1,1,-4,0A4,4,0,1,1,4,0" fill="red"/>'
        '</g></g><g><path class="background" d="M0,0h9v9h-9Z" fill="blue"/></g></svg>',
        description="d",
        font="sans",
    )
    assert still.partition(">")[2] == (
        '<circle cx="1" cy="57" r="4" fill="red"/><path d="M0,0h9v9h-9Z" fill="blue"/></svg>'
    )


def test_a_group_that_says_something_of_its_parts_is_kept() -> None:
    drawn = '<svg><g clip-path="url(#a)"><g transform="translate(3,0)"><g><path d="M1,1"/></g></g></g></svg>'
    still = slim(drawn, description="d", font="sans")
    assert still.count("<g ") == 2
    assert "<g>" not in still


def test_slimming_keeps_numbers_in_texts_and_fine_opacities() -> None:
    still = slim(
        '<svg><text x="1.23456" opacity="0.123456">1.23456</text></svg>', description="", font="sans"
    )
    assert still.endswith('<text x="1.2" opacity="0.12">1.23456</text></svg>')


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<g onload="alert(1)"/>',
        '<foreignObject><iframe src="https://example.org"/></foreignObject>',
        '<a href="https://example.org"><rect/></a>',
        '<rect fill="url(https://example.org/x)"/>',
        "<g>not closed",
    ],
)
def test_an_svg_that_could_do_anything_is_not_harmless(inside: str) -> None:
    assert not harmless(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>')


# --- in kernels ---


@pytest.mark.slow
def test_papermill_gets_through_a_notebook_with_a_chart_and_stops_at_an_empty_one(tmp_path: Path) -> None:
    import nbformat
    import papermill
    from nbformat import v4

    setup = (
        "import altair as alt, pandas as pd\nfrom journey_lib import theme\n"
        "theme.enable('report', currency='VND', language='vi')\n"
        "c = alt.Chart(pd.DataFrame({'a': [1]}), title='t', description='d').mark_bar().encode(x='a:Q')"
    )
    cells = [
        v4.new_code_cell(source) for source in (setup, "c", "c.transform_filter('datum.a > 1')", "1 + 1")
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / "in.ipynb")
    with pytest.raises(papermill.PapermillExecutionError, match="nothing in it"):
        papermill.execute_notebook(tmp_path / "in.ipynb", tmp_path / "out.ipynb", progress_bar=False)
    ran = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    assert theme.MIMETYPE in next(cell for cell in ran if cell.source == "c").outputs[0]["data"]
    assert next(cell for cell in ran if cell.source == "1 + 1").execution_count is None


@pytest.mark.slow
def test_in_jupyterlab_a_chart_is_a_widget_that_needs_no_network() -> None:
    script = (
        "import altair as alt, pandas as pd\nfrom journey_lib import theme\n"
        "theme.enable('lab', currency='VND', language='vi')\n"
        "c = alt.Chart(pd.DataFrame({'a': [1]})).mark_bar().encode(x='a:Q')\n"
        "bundle = c._repr_mimebundle_()\nbundle = bundle[0] if isinstance(bundle, tuple) else bundle\n"
        "assert 'application/vnd.jupyter.widget-view+json' in bundle, list(bundle)\n"
        "w = alt.JupyterChart(c)\nassert 'esm.sh' not in str(w._esm)[:2000]\nprint('live')"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "live", ran.stderr
