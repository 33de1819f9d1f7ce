"""Dumps of Matomo's database: actions and conversions of `log_*`, joined with their visits and names."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import DataError
from journey_lib.sources import cells
from journey_lib.sources.files import codec, damaged, opened, undecodable
from journey_lib.workspace import Source

# The columns used of each table; of the first three also those a source asks for.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "log_visit": (
        *("idvisit", "idvisitor", "user_id", "referer_type", "referer_name", "referer_url"),
        *("campaign_source", "campaign_medium", "campaign_name"),
    ),
    "log_link_visit_action": (
        *("idlink_va", "idvisit", "idvisitor", "server_time", "idaction_url", "idaction_name"),
        *("idaction_event_action", "idaction_event_category", "idaction_content_name", "search_cat"),
    ),
    "log_conversion": (
        *(
            "idvisit",
            "idvisitor",
            "server_time",
            "idlink_va",
            "idgoal",
            "buster",
            "idorder",
            "url",
            "revenue",
        ),
    ),
    "log_action": ("idaction", "name", "type", "url_prefix"),
    "goal": ("idgoal", "name"),
    "site": ("currency",),
}
ASKED = ("log_visit", "log_link_visit_action", "log_conversion")
NEEDED = ("log_visit", "log_link_visit_action")
OUTLINK, DOWNLOAD, SEARCH = "2", "3", "8"  # types of `log_action`
PREFIXES = {"0": "http://", "1": "http://www.", "2": "https://", "3": "https://www."}
NOTHING = ("NULL", r"\N")  # how dumps write that a cell is empty


def named(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Files by the table they are named after; empty where none is named after one."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        for table in sorted(COLUMNS, key=len, reverse=True):
            if re.search(rf"(?:^|[^a-z]){table}(?:$|[^a-z_])", path.name.lower().partition(".")[0]):
                found.setdefault(table, []).append(path)
                break
    return found if set(found) & set(NEEDED) else {}


def read(
    source: Source, tables: Mapping[str, Sequence[Path]], engine: Engine, into: str, said: str
) -> tuple[dict[str, str], dict[str, int]]:
    """Create `into` of one action or conversion a row, and ``<said>_bad`` of lines that cannot be read.

    Returns the columns that the source asks for, with the column each stands in, and how many
    actions and visits have no counterpart.

    Raises
    ------
    DataError
        One of the two tables that nothing can be known without is not among the files.
    """
    for table in NEEDED:
        if table not in tables:
            raise DataError(
                f"the dump of Matomo has no {table}",
                where=source.path,
                do=f"put {table}.csv beside the others, and let `path` name them all",
            )
    nothing = ", ".join(map(literal, NOTHING))
    asked = list(dict.fromkeys(source.columns.values()))
    there: set[str] = set()
    engine.run(f"CREATE TABLE {said}_bad (reason VARCHAR, file VARCHAR, row BIGINT, raw VARCHAR)")
    for table, columns in COLUMNS.items():
        wanted = [*columns, *(name for name in asked if table in ASKED and name not in columns)]
        held = f"{said}_{table}"
        cells.create(wanted, engine, held)
        for path in tables.get(table, ()):
            header = _header(source, path)
            there |= set(header) & set(asked) if table in ASKED else set()
            cells.append(
                path, header, wanted, engine, held, separator=source.separator, encoding=source.encoding
            )
        for name in wanted:
            engine.run(f"UPDATE {held} SET {identifier(name)} = NULL WHERE {identifier(name)} IN ({nothing})")
        engine.run(f"INSERT INTO {said}_bad FROM {held}_bad")
    extra = {name: f"field {number}" for number, name in enumerate(asked) if name in there}
    engine.run(f"CREATE TABLE {into} AS {_joined(said, extra)}")
    lost = {
        "actions without their visit": f"SELECT count(*) FROM {into} WHERE alone",
        "visits without actions": f"SELECT count(*) FROM {said}_log_visit ANTI JOIN"
        f" (SELECT DISTINCT m FROM (SELECT idvisit AS m FROM {said}_log_link_visit_action"
        f" UNION ALL SELECT idvisit FROM {said}_log_conversion)) ON idvisit = m",
    }
    counted = {name: int(number) for name, sql in lost.items() if (number := engine.one(sql)[0])}
    for table in COLUMNS:
        engine.run(f"DROP TABLE {said}_{table}")
        engine.run(f"DROP TABLE {said}_{table}_bad")
    return extra, counted


def _header(source: Source, path: Path) -> list[str]:
    try:
        with opened(path) as file, io.TextIOWrapper(file, codec(path, source.encoding), newline="") as text:
            header = next(csv.reader(text, delimiter=source.separator), [])
    except UnicodeError:
        raise undecodable(path, source.encoding, 1) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, error) from error
    except csv.Error as error:
        raise DataError(f"{path.name} cannot be read as CSV", where=f"{path}, line 1: {error}") from error
    header = [name.strip().lower() for name in header]
    if not {"idvisit", "idaction", "idgoal", "idsite"} & set(header):
        raise DataError(
            f"{path.name} has no header of a table of Matomo",
            where=f"{path}, line 1: {', '.join(header)[:200]}",
            do="export it with its column names, and say its `separator` in journey.yaml",
        )
    return header


def _joined(said: str, extra: Mapping[str, str]) -> str:
    """Actions and conversions with the columns that visits in JSON have, too."""
    prefix = " ".join(f"WHEN '{number}' THEN '{text}'" for number, text in PREFIXES.items())
    names = "(SELECT idaction, any_value(name) AS name, any_value(type) AS type,"
    names += f" any_value(CASE url_prefix {prefix} ELSE '' END || name) AS url"
    names += f" FROM {said}_log_action GROUP BY idaction)"
    goals = f"(SELECT idgoal, any_value(name) AS name FROM {said}_goal GROUP BY idgoal)"
    of_action, of_conversion = (
        "".join(f", {table}.{identifier(name)} AS {identifier(place)}" for name, place in extra.items())
        for table in ("a", "c")
    )
    met = (
        "SELECT a.file, a.row, a.idvisit, a.idvisitor, a.server_time, a.idlink_va, '0' AS place,"
        " CASE WHEN a.idaction_event_action IS NOT NULL AND a.idaction_event_action <> '0' THEN 'event'"
        " WHEN a.idaction_content_name IS NOT NULL THEN 'content'"
        f" WHEN u.type = '{OUTLINK}' THEN 'outlink' WHEN u.type = '{DOWNLOAD}' THEN 'download'"
        f" WHEN n.type = '{SEARCH}' THEN 'search' ELSE 'action' END AS kind, u.url,"
        " NULL AS goal, NULL AS order_id, NULL AS revenue, c.name AS event_category, e.name AS event_action,"
        f" n.name AS event_name{of_action} FROM {said}_log_link_visit_action a"
        f" LEFT JOIN {names} u ON a.idaction_url = u.idaction"
        f" LEFT JOIN {names} n ON a.idaction_name = n.idaction"
        f" LEFT JOIN {names} e ON a.idaction_event_action = e.idaction"
        f" LEFT JOIN {names} c ON a.idaction_event_category = c.idaction"
    )
    reached = (
        "SELECT c.file, c.row, c.idvisit, c.idvisitor, c.server_time, c.idlink_va,"
        " concat_ws('-', '1', c.idgoal, c.buster) AS place, CASE c.idgoal WHEN '0' THEN 'ecommerceOrder'"
        " WHEN '-1' THEN 'ecommerceAbandonedCart' ELSE 'goal' END AS kind, c.url,"
        " coalesce(g.name, 'goal ' || c.idgoal) AS goal, c.idorder AS order_id, c.revenue,"
        f" NULL AS event_category, NULL AS event_action, NULL AS event_name{of_conversion}"
        f" FROM {said}_log_conversion c"
        f" LEFT JOIN {goals} g ON c.idgoal = g.idgoal"
    )
    asked = "".join(
        f", coalesce(m.{identifier(place)}, v.{identifier(name)}) AS {identifier(place)}"
        for name, place in extra.items()
    )
    # A later dump knows more of the same visit, such as who signed in during it.
    visit = f"(FROM {said}_log_visit QUALIFY row_number() OVER (PARTITION BY idvisit"
    visit += " ORDER BY file DESC, row DESC) = 1)"
    order = "try_cast(m.server_time AS TIMESTAMP), try_cast(m.idlink_va AS BIGINT), m.place"
    currency = f"SELECT any_value(currency) FROM {said}_site HAVING count(DISTINCT currency) = 1"
    return (
        "SELECT m.file, m.row, false AS empty, v.idvisit IS NULL AS alone, m.kind, m.url, m.goal, m.order_id,"
        " m.revenue, m.event_category, m.event_action, m.event_name, m.server_time AS moment,"
        f" row_number() OVER (PARTITION BY m.idvisit ORDER BY {order}) = 1 AS first,"
        " coalesce(m.idvisitor, v.idvisitor) AS visitor, v.user_id, v.referer_type AS came,"
        " v.referer_name AS came_name, v.referer_url AS came_url, v.campaign_source, v.campaign_medium,"
        f" v.campaign_name, ({currency}) AS currency,"
        f" {cells.padded('m.idvisit')} || '-' || coalesce({cells.padded('m.idlink_va')}, '')"
        f" || '-' || m.place AS event_id{asked}"
        f" FROM ({met} UNION ALL {reached}) m LEFT JOIN {visit} v ON m.idvisit = v.idvisit"
    )
