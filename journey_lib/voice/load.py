"""What customers said, from a workspace: answers to surveys and tickets, in the workspace's own time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from journey_lib import customers
from journey_lib.authored import once_each
from journey_lib.errors import ConfigError, DataError, did_you_mean
from journey_lib.prepare import prepare
from journey_lib.workspace import Workspace

TOPICS = Path("maps") / "topics.yaml"
_TIMES = {
    "surveys": ("timestamp", "answered_at"),
    "tickets": ("timestamp", "first_response_at", "resolved_at"),
}


class Topics(BaseModel):
    """Which topics of tickets are complaints and which questions, as the business calls them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    complaints: tuple[str, ...] = Field(default=())
    questions: tuple[str, ...] = Field(default=())
    reopened: tuple[str, ...] = Field(default=())


def surveys(workspace: Workspace) -> pd.DataFrame:
    """The questions sent, one row each, answered or not.

    Columns customer (number in the touch table, missing without touches), customer_id, survey_id, timestamp
    (sent) and answered_at (in the workspace's timezone), touchpoint, metric (nps, csat, ces), score (missing:
    not answered), comment (as written: scrub before showing), opt_out (who wrote refused contact: count, and
    never quote).
    """
    return _read(workspace, "surveys")


def tickets(workspace: Workspace) -> pd.DataFrame:
    """What was asked of the service, one row a ticket.

    Columns customer, customer_id, ticket_id, timestamp (opened), first_response_at and resolved_at (in the
    workspace's timezone; missing: not yet, or not recorded), channel, topic, text (as written: scrub before
    showing), status, department, order_id, opt_out (count, and never quote).
    """
    return _read(workspace, "tickets")


def topics(workspace: Workspace) -> Topics:
    """The topics a workspace declares, from its `maps/topics.yaml`; nothing is declared without one.

    Keys complaints and questions (topics), reopened (what `status` says of a ticket opened again).

    Raises
    ------
    ConfigError
        The file is not YAML, holds an unknown key, or a topic stands in it twice.
    """
    file = workspace.path / TOPICS
    if not file.is_file():
        return Topics()
    try:
        found = Topics.model_validate(once_each(file.read_text("utf-8")) or {})
    except yaml.YAMLError as error:
        raise ConfigError(
            "the topics are not YAML", where=f"{file}: {error}", do="mend its punctuation"
        ) from None
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][0])
        raise ConfigError(
            f"'{key}' of the topics: {error.errors()[0]['msg']}",
            where=str(file),
            do=did_you_mean(key, Topics.model_fields),
        ) from None
    both = sorted(set(found.complaints) & set(found.questions))
    if both:
        raise ConfigError(f"'{both[0]}' is a complaint and a question", where=str(file), do="say only one")
    return found


def _read(workspace: Workspace, table: str) -> pd.DataFrame:
    prepare(workspace)
    file = workspace.work / f"{table}.parquet"
    if not file.is_file():
        raise DataError(
            f"this workspace has no {table}",
            where=str(workspace.path / "journey.yaml"),
            do=f"declare a source with `table: {table}`",
        )
    found = pq.read_table(file).to_pandas()
    for name in _TIMES[table]:
        found[name] = pd.to_datetime(found[name], utc=True).dt.tz_convert(workspace.timezone)
    people = customers.load(workspace)
    refused = found["customer_id"].isin(people.loc[people["opt_out"], "customer_id"])
    return found.assign(customer=found["customer"].astype("Int64"), opt_out=refused)
