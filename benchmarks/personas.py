"""How often the gate before personas errs, whether groups are found again, what a million customers take.

personas.py calibrate [SEEDS [SET ...]]   structureless sets called groups, clear blobs found, right k
personas.py counts [SEEDS [SET ...]]      the same of counts of touches, for the mixture of multinomials
                                          (SEEDS: 20, for 0 to 19, or 1000-1019)
personas.py million FILE [METHOD]         gate, groups, rules of a file of customers (data.py)
personas.py retail FILE                   a year of a real shop's invoices (UCI Online Retail II)
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from stopwatch import report, step

with step("imports"):
    import numpy as np
    import pandas as pd
    from sklearn.metrics import adjusted_rand_score

    from journey_lib.personas.counts import CUT, angles, counted
    from journey_lib.personas.find import find
    from journey_lib.personas.gate import structure
    from journey_lib.personas.matrix import LEAST_TOUCHES, Matrix, matrix, plain
    from journey_lib.personas.membership import rules

ROWS = 2_000


def correlated(rng: np.random.Generator, rows: int, columns: int) -> Any:
    loadings = rng.normal(size=(columns, 2))
    return rng.normal(size=(rows, 2)) @ loadings.T + rng.normal(size=(rows, columns)) * 0.8


def independent_skewed(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(np.exp(rng.normal(size=(ROWS, 6))))


def correlated_gaussian(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(correlated(rng, ROWS, 6))


def correlated_skewed(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(np.exp(0.7 * correlated(rng, ROWS, 6)))


def zero_inflated(rng: np.random.Generator) -> pd.DataFrame:
    """Counts that most customers have none of, of one activity that varies: a continuum with many zeros."""
    rate = np.exp(rng.normal(size=ROWS))[:, None] * rng.dirichlet(np.ones(8) * 2) * 4
    return pd.DataFrame(rng.poisson(rate))


def compositional(rng: np.random.Generator) -> pd.DataFrame:
    """Shares of a dozen channels among few or many touches: tastes differ smoothly, nobody is of a kind."""
    touches = 20 + rng.geometric(1 / 20, ROWS)
    taste = np.exp(np.log(rng.dirichlet(np.ones(12))) + 0.8 * rng.normal(size=(ROWS, 12)))
    counts = np.array([rng.multinomial(n, t / t.sum()) for n, t in zip(touches, taste, strict=True)])
    shares = pd.DataFrame(counts / touches[:, None]).add_prefix("share_")
    return shares.assign(touches=touches, active=rng.binomial(touches, 0.6))


def heavy_tails(rng: np.random.Generator) -> pd.DataFrame:
    """Jointly extreme customers (multivariate t, 4 degrees of freedom): not the null's copula."""
    return pd.DataFrame(correlated(rng, ROWS, 6) / np.sqrt(rng.chisquare(4, (ROWS, 1)) / 4))


STRUCTURELESS = (
    independent_skewed, correlated_gaussian, correlated_skewed, zero_inflated, compositional, heavy_tails,
)  # fmt: skip


def blobs(rng: np.random.Generator, k: int) -> tuple[pd.DataFrame, Any]:
    """Groups of unequal sizes, their centres at least seven spreads apart."""
    while True:
        centres = rng.uniform(-9, 9, (k, 5))
        apart = np.linalg.norm(centres[:, None] - centres, axis=2)[np.triu_indices(k, 1)]
        if apart.min() > 7:
            break
    size = rng.dirichlet(np.ones(k) * 8)
    group = rng.choice(k, ROWS, p=size)
    return pd.DataFrame(centres[group] + rng.normal(size=(ROWS, 5))), group


def made(frame: pd.DataFrame) -> Matrix:
    """Skewed columns are amounts, as an analyst would declare them."""
    frame = frame.rename(columns=str)
    skewed = (frame.min() >= 0).to_dict()
    kinds = {
        name: "share" if name.startswith("share") else "amount" if skewed[name] else "number"
        for name in frame
    }
    families = {name: "channel" for name in frame if name.startswith("share")}
    return matrix(plain(frame, kinds, families), least_touches=LEAST_TOUCHES)


def seeded(seeds: int | str) -> range:
    """The seeds of a calibration: the first so many, or from one to another, as in 1000-1019."""
    if isinstance(seeds, int):
        return range(seeds)
    first, _, last = seeds.partition("-")
    return range(int(first), int(last) + 1)


def calibrate(seeds: int | str = 20, *names: str) -> dict[str, Any]:
    """Every set named, or all of them and the blobs."""
    facts: dict[str, Any] = {}
    for make in STRUCTURELESS:
        if names and make.__name__ not in names:
            continue
        found = [structure(made(make(np.random.default_rng(seed))), seed=seed) for seed in seeded(seeds)]
        ratios = sorted(each.ratio for each in found)
        facts[make.__name__] = {
            "called groups": sum(each.verdict == "groups" for each in found),
            "chance below 0.05": sum(each.chance <= 0.05 for each in found),
            "of": len(seeded(seeds)),
            "ratio": [round(ratios[0], 3), round(float(np.median(ratios)), 3), round(ratios[-1], 3)],
        }
        print(make.__name__, facts[make.__name__], file=sys.stderr, flush=True)
    if not names or "blobs" in names:
        facts["blobs"] = found_again(seeds)
    return facts


def found_again(seeds: int | str) -> dict[str, Any]:
    """Clear blobs, 3 to 6 of them in turn: called groups, and the right number of them."""
    right, called, ratios = 0, 0, []
    for seed in seeded(seeds):
        frame, group = blobs(np.random.default_rng(seed), 3 + seed % 4)
        kinds: dict[str, Any] = dict.fromkeys(map(str, range(5)), "number")
        found = find(plain(frame.rename(columns=str), kinds), seed=seed, bootstraps=20)
        called += found.structure.verdict == "groups"
        right += found.k == len(np.unique(group))
        ratios.append(round(found.structure.ratio, 3))
        print("blobs", len(np.unique(group)), found.k, ratios[-1], file=sys.stderr, flush=True)
    return {
        "called groups": called,
        "right k": right,
        "of": len(seeded(seeds)),
        "ratio": [min(ratios), max(ratios)],
    }


def smooth_tastes(rng: np.random.Generator) -> pd.DataFrame:
    """Twelve channels; log tastes are independent and normal."""
    return tallied(rng, np.log(rng.dirichlet(np.ones(12))) + 0.8 * rng.normal(size=(ROWS, 12)))


def bound_tastes(rng: np.random.Generator) -> pd.DataFrame:
    """Twelve channels; log tastes are normal and hang together: who likes one likes its neighbours."""
    return tallied(rng, 0.5 * correlated(rng, ROWS, 12))


def dirichlet_tastes(rng: np.random.Generator) -> pd.DataFrame:
    """Twelve channels; a Dirichlet about the mean, which is what an overdispersed multinomial is."""
    usual = rng.dirichlet(np.ones(12)) * 8 + 0.1
    return tallied(rng, np.log(np.maximum(rng.dirichlet(usual, ROWS), 1e-12)))


def tallied(rng: np.random.Generator, log: Any) -> pd.DataFrame:
    """How often each customer met each channel, in 20 touches or more."""
    touches = 20 + rng.geometric(1 / 20, ROWS)
    taste = np.exp(log - log.max(axis=1, keepdims=True))
    counts = [rng.multinomial(n, each / each.sum()) for n, each in zip(touches, taste, strict=True)]
    return pd.DataFrame(np.array(counts)).add_prefix("channel_")


def kinds_of_taste(rng: np.random.Generator, k: int) -> tuple[pd.DataFrame, Any]:
    """Kinds that differ in half of their touches or more, each person a little from their kind."""
    while True:
        usual = rng.dirichlet(np.ones(12) * 0.4, k)
        apart = np.abs(usual[:, None] - usual).sum(axis=2)[np.triu_indices(k, 1)] / 2
        if apart.min() > 0.5:
            break
    group = rng.choice(k, ROWS, p=rng.dirichlet(np.ones(k) * 8))
    log = np.log(np.maximum(usual[group], 1e-6)) + 0.2 * rng.normal(size=(ROWS, 12))
    return tallied(rng, log), group


def of_channels(frame: pd.DataFrame) -> Any:
    kinds: dict[str, Any] = dict.fromkeys(frame, "count")
    return plain(frame, kinds, dict.fromkeys(frame, "channel"))


def counts(seeds: int | str = 20, *names: str) -> dict[str, Any]:
    """The gate before multinomials on three kinds of continua; kinds of taste found in their number."""
    facts: dict[str, Any] = {}
    for make in (smooth_tastes, bound_tastes, dirichlet_tastes):
        if names and make.__name__ not in names:
            continue
        found = []
        for seed in seeded(seeds):
            data = counted(of_channels(make(np.random.default_rng(seed))))
            found.append(structure(replace(data, values=angles(data)), seed=seed, cut=CUT))
        ratios = sorted(each.ratio for each in found)
        facts[make.__name__] = {
            "called groups": sum(each.verdict == "groups" for each in found),
            "chance below 0.05": sum(each.chance <= 0.05 for each in found),
            "of": len(seeded(seeds)),
            "ratio": [round(ratios[0], 3), round(float(np.median(ratios)), 3), round(ratios[-1], 3)],
        }
        print(make.__name__, facts[make.__name__], file=sys.stderr, flush=True)
    if names and "kinds" not in names:
        return facts
    right, called, alike, ratios = 0, 0, list[float](), list[float]()
    for seed in seeded(seeds):
        frame, group = kinds_of_taste(np.random.default_rng(seed), 3 + seed % 4)
        one = find(of_channels(frame), method="multinomial", seed=seed, bootstraps=20)
        called += one.structure.verdict == "groups"
        right += one.k == len(np.unique(group))
        alike.append(round(float(adjusted_rand_score(group, one.labels)), 3))
        ratios.append(round(one.structure.ratio, 3))
        print("kinds", len(np.unique(group)), one.k, alike[-1], ratios[-1], file=sys.stderr, flush=True)
    facts["kinds"] = {
        "called groups": called, "right k": right, "of": len(seeded(seeds)), "adjusted Rand": min(alike),
        "ratio": [min(ratios), max(ratios)],
    }  # fmt: skip
    return facts


def million(file: str, method: Any = "kmeans") -> dict[str, Any]:
    """Gate, groups and rules of the customers in a file of `data.py`."""
    with step("read"):
        frame = pd.read_parquet(file)
        names = [name for name in frame if name != "touches"]
        kinds: dict[str, Any] = {name: "amount" if name.startswith("amount") else "share" for name in names}
        families = {name: "channel" if name.startswith("share") else "time" for name in names}
        features = plain(frame, {**kinds, "touches": "count"}, {**families, "touches": "frequency"})
    with step("find"):
        found = find(features, names=names, method=method)
    with step("rules"):
        told = rules(found, features)
    with step("checks"):
        return {
            "k": found.k,
            "verdict": found.structure.verdict,
            "customers": len(found.labels),
            "columns": len(names),
            "fits_none": found.fits_none,
            "fidelity": told.fidelity.facts["fidelity"],
        }


def retail(file: str) -> dict[str, Any]:
    """What is left out first: rows without a customer, cancellations, rows without a price."""
    rows = pd.read_parquet(file)
    rows = rows.rename(columns={name: name.lower().replace(" ", "").replace("_", "") for name in rows})
    customer = next(name for name in rows if name.startswith("customer"))
    price = next(name for name in rows if name.endswith("price"))
    invoice = next(name for name in rows if name in {"invoice", "invoiceno"})
    nobody = rows[customer].isna()
    cancelled = rows[invoice].astype(str).str.startswith("C") & ~nobody
    free = ((rows[price] <= 0) | (rows["quantity"] <= 0)) & ~nobody & ~cancelled
    kept = rows[~nobody & ~cancelled & ~free]
    frame = bought(kept.assign(value=kept[price] * kept["quantity"]), customer, invoice)
    facts: dict[str, Any] = {
        "rows": len(rows), "no customer": int(nobody.sum()), "cancelled": int(cancelled.sum()),
        "no price or quantity": int(free.sum()), "customers": len(frame),
    }  # fmt: skip
    how = ["basket", "lines", "unit_price", "pieces", "morning", "autumn"]
    shown = ["k", "jaccard_worst", "valley"]
    for least in (1, 3, 5):
        for tag, chosen in (("all", list(RETAIL)), ("how", how)):
            found = find(plain(frame[frame["orders"] >= least], RETAIL), names=chosen, k=4, ks=range(2, 7))
            gate = found.structure
            facts[f"{tag}, {least} orders or more"] = {
                "customers": len(found.labels),
                "gate": [gate.verdict, round(gate.ratio, 3), round(gate.chance, 3)],
                "k, Jaccard, valley": found.alternatives[shown].round(2).to_numpy().tolist(),
            }
    return facts


RETAIL: dict[str, Any] = {
    "orders": "count", "value": "amount", "basket": "amount", "lines": "amount", "unit_price": "amount",
    "products": "count", "recency": "days", "pieces": "amount", "morning": "share", "autumn": "share",
}  # fmt: skip


def bought(rows: pd.DataFrame, customer: str, invoice: str) -> pd.DataFrame:
    rows = rows.assign(when=pd.to_datetime(rows["invoicedate"]))
    by = rows.groupby(customer)
    orders = rows.groupby([customer, invoice]).agg(
        value=("value", "sum"), when=("when", "min"), lines=("value", "size")
    )
    each = orders.reset_index().groupby(customer)
    frame = pd.DataFrame(
        {
            "orders": each.size(),
            "value": by["value"].sum(),
            "basket": each["value"].mean(),
            "lines": each["lines"].mean(),
            "unit_price": by["value"].sum() / by["quantity"].sum(),
            "products": by["stockcode"].nunique(),
            "recency": (rows["when"].max() - by["when"].max()).dt.days,
            "pieces": by["quantity"].sum() / by.size(),
            "morning": each["when"].agg(lambda when: (when.dt.hour < 12).mean()),
            "autumn": each["when"].agg(lambda when: (when.dt.month >= 9).mean()),
        }
    )
    return frame.set_axis(frame.index.astype("int64"))


if __name__ == "__main__":
    arguments = [int(each) if each.isdigit() else each for each in sys.argv[2:]]
    report(
        {"calibrate": calibrate, "counts": counts, "million": million, "retail": retail}[sys.argv[1]](
            *arguments
        ),
        "journey-workbench",
        "scikit-learn",
        "numpy",
        "pandas",
    )
