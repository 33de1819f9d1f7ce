"""How the results on personas read as tables: captions and columns."""

from __future__ import annotations

from collections.abc import Mapping

_GROUP: Mapping[str, str] = {
    "customers": "number",
    "share": "part",
    "low": "part",
    "high": "part",
    "value": "compact",
    "value_share": "part",
    "value_low": "part",
    "value_high": "part",
}
LAYOUTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "persona_alternatives": (
        "How many personas? Every number tried",
        {
            "k": "text",
            "jaccard_worst": "percent",
            "jaccard_mean": "percent",
            "verdict": "text",
            "silhouette": "number:2",
            "inertia_share": "percent",
            "smallest": "percent",
            "customers": "number",
        },
    ),
    "persona_sizes": (
        "The groups beside each other",
        {
            "persona": "text",
            **_GROUP,
            "buyers": "number",
            "conversion_rate": "percent",
            "rate_low": "percent",
            "rate_high": "percent",
            "repeat_rate": "percent",
        },
    ),
    "persona_accounts": (
        "Where all customers of this window are",
        {"group": "text", "customers": "number", "share": "part", "value": "compact", "value_share": "part"},
    ),
    "persona_kept": (
        "The kept personas: on the day they were found, and now",
        {
            "persona": "text",
            "before": "number",
            "before_share": "percent",
            "customers": "number",
            "share": "percent",
            "low": "percent",
            "high": "percent",
        },
    ),
    "persona_strengths": (
        "In what each group does better or worse than everybody else",
        {
            "persona": "text",
            "side": "text",
            "trait": "text",
            "members": "text",
            "others": "text",
            "chance": "percent",
            "low": "percent",
            "high": "percent",
            "n": "number",
        },
    ),
    "rfm": (
        "Segments by recency, frequency and money",
        {
            "segment": "text",
            **_GROUP,
            "recency_days": "number",
            "conversions": "number",
            "mean_value": "compact",
        },
    ),
    "segments": ("Segments by the workspace's own rules", {"segment": "text", **_GROUP, "fits": "number"}),
    "overlap": (
        "How personas and rules lie over each other",
        {
            "persona": "text",
            "segment": "text",
            "customers": "number",
            "of": "number",
            "share": "percent",
            "low": "percent",
            "high": "percent",
        },
    ),
}
