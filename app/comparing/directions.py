"""Whether less or more of a metric is better, by its name. Pure."""

from __future__ import annotations

import re

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

LOWEST = frozenset(
    """loss error err rmse mse mae mape smape rmsle msle wape wer cer fid perplexity ppl nll bce ce
    entropy crossentropy logloss divergence kl regret cost latency duration seconds time ms distance
    residual deviance brier bpc bpb hinge overfit gap rss sse memory bytes fpr fnr violations
    failures drift psi aic bic""".split()  # noqa: SIM905
)
"""Words of which less is better; of everything else more is."""


def lowest_is_best(key: str) -> bool:
    """Whether the least value of a metric is the best, as far as its name tells."""
    words = [word.lower() for word in _WORDS.findall(key)]
    return any(word in LOWEST for word in words)
