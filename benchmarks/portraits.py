"""From a prepared table to cards of personas: features, gate, clusters, and everything the cards say.

portraits.py WORKSPACE
"""

from __future__ import annotations

import sys
from typing import Any

from stopwatch import report, step

with step("imports"):
    import journey_lib as jl
    from journey_lib import cards, findings_personas, touches
    from journey_lib.features import titles
    from journey_lib.personas import against, membership, portrait, ways, worth
    from journey_lib.personas.find import find

LEAST = 2  # touches; so that of ten million events more than a million customers are looked at
K = 4  # asked for: what the gate says is told beside it


def portraits(workspace: str) -> dict[str, Any]:
    """Each step of the page on personas, with four groups asked for whatever the gate says."""
    opened = jl.open(workspace)
    with step("load"):
        tch = touches.load(opened)
    with step("features"):
        features = jl.features.table(opened, tch)
    with step("gate and clusters"):
        found = find(features, k=K, least_touches=LEAST)
    with step("rules"):
        learnt = membership.rules(found, features)
    with step("cards"):
        spoken = titles(features, opened)
        placed = found.labels[found.labels >= 0]
        members = placed.map({label: f"p{label + 1}" for label in range(found.k)})
        traits = portrait.traits(features, members)
        sentences = membership.sentences(learnt, features, labels=spoken)
        names = {name: name for name in tch.channels}
        told = cards.Portraits(
            features=features,
            sizes=worth.sizes(features, members),
            traits=traits,
            demographics=portrait.demographics(features, members),
            titles=spoken,
            names=names,
            proposed=findings_personas.proposed(traits, features, names),
            paths=ways.paths(tch, members, k=10, lookback="30d"),
            rules={f"p{label + 1}": sentence for label, sentence in sentences.items()},
            fidelity=findings_personas.fidelity(learnt.fidelity),
            stability={f"p{row.persona + 1}": float(row.jaccard) for row in found.stability.itertuples()},
            strengths=against.strengths(traits),
        )
        shown = cards.bundle(told, k=10)
    with step("checks"):
        drawn = shown[cards.MIMETYPE]["cards"]
        return {
            "customers": len(features.frame),
            "clustered": len(found.labels),
            "placed": len(placed),
            "verdict": found.structure.verdict,
            "cards": len(drawn),
        }


if __name__ == "__main__":
    report(portraits(sys.argv[1]), "journey-workbench", "scikit-learn", "numpy", "pandas", "pyarrow")
