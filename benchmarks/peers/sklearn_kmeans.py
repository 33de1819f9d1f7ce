"""The textbook way with scikit-learn: scale, k-means for k of 2 to 8 on everyone, the best silhouette."""

from __future__ import annotations

import sys

from stopwatch import report, step

with step("imports"):
    import pandas as pd
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import StandardScaler

with step("read"):
    frame = pd.read_parquet(sys.argv[1]).drop(columns="touches")
with step("find"):
    x = StandardScaler().fit_transform(frame)
    scores = {}
    for k in range(2, 9):
        labels = KMeans(k, n_init=3, random_state=0).fit_predict(x)
        scores[k] = silhouette_score(x, labels, sample_size=5_000, random_state=0)
with step("checks"):
    facts = {"k": max(scores, key=scores.__getitem__), "customers": len(x)}
report(facts, "scikit-learn", "numpy", "pandas")
