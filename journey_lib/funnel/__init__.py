"""Funnels: how many customers go from stage to stage, how long they take, and what the others did instead.

A funnel is about customers, not journeys: it follows each from the first step on, through whatever they do.
"""

from journey_lib.funnel.steps import NOTHING, dropped, funnel
from journey_lib.funnel.times import time_to, trend
from journey_lib.funnel.walk import Order, Start

__all__ = ["NOTHING", "Order", "Start", "dropped", "funnel", "time_to", "trend"]
