"""How often the gate before personas errs, how well groups are found again, and what a million customers take.

python benchmarks/personas.py calibrate [SEEDS]     structureless sets called groups, clear blobs found, right k
python benchmarks/personas.py million [CUSTOMERS]   gate, groups, rules: steps and facts for the harness
python benchmarks/personas.py retail FILE           a year of a real shop's invoices (UCI Online Retail II)
"""

from __future__ import annotations

import sys
from typing import Any

from stopwatch import report, step

with step("imports"):
    import numpy as np
    import pandas as pd

    from journey_lib.personas.gate import structure
    from journey_lib.personas.matrix import LEAST_TOUCHES, Matrix, matrix, plain

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
    """Jointly extreme customers (multivariate t, 4 degrees of freedom): the copula of the null is not theirs."""
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


def calibrate(seeds: int = 20) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for make in STRUCTURELESS:
        found = [structure(made(make(np.random.default_rng(seed))), seed=seed) for seed in range(seeds)]
        ratios = sorted(each.ratio for each in found)
        wrong = sum(each.verdict == "groups" for each in found)
        chances = sum(each.chance <= 0.05 for each in found)
        facts[make.__name__] = {"called groups": wrong, "chance below 0.05": chances, "of": seeds,
                                "ratio": [round(ratios[0], 3), round(float(np.median(ratios)), 3), round(ratios[-1], 3)]}  # fmt: skip
        print(make.__name__, facts[make.__name__], file=sys.stderr, flush=True)
    return facts


if __name__ == "__main__":
    arguments = [int(each) if each.isdigit() else each for each in sys.argv[2:]]
    report({"calibrate": calibrate}[sys.argv[1]](*arguments))
