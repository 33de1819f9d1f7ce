"""The engine border: the only package that runs SQL or speaks to Spark, and maps a measure over buckets."""

from journey_lib.engine.embedded import SHARE, Engine, connect, identifier, literal, size
from journey_lib.engine.passes import (
    Asking,
    Pass,
    beside,
    derived,
    is_view,
    placed,
    placed_like,
    reduce,
    together,
    view,
)
from journey_lib.engine.spark import OnSpark, Spark

__all__ = [
    "SHARE",
    "Asking",
    "Engine",
    "OnSpark",
    "Pass",
    "Spark",
    "beside",
    "connect",
    "derived",
    "identifier",
    "is_view",
    "literal",
    "placed",
    "placed_like",
    "reduce",
    "size",
    "together",
    "view",
]
