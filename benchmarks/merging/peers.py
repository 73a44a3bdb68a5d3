"""What else a shop could use: popularity, implicit's models, EASE."""

import numpy as np
from scipy import sparse

from benchmarks.merging.cut_off import CutOff


def popularity(cut: CutOff, days: int | None = None) -> np.ndarray:
    """Customers who bought the item, in the last days or ever; the same for all customers."""
    buyers = cut.buyers if days is None else cut.buyers_since(cut.day - days, "last")
    return np.broadcast_to(buyers, cut.owned.shape)


def implicit_cosine(cut: CutOff, length: int = 50) -> np.ndarray:
    """Sums over the customer's items of implicit's item-item cosine, the best of each item."""
    from implicit.nearest_neighbours import CosineRecommender

    owned = sparse.csr_matrix(cut.owned.astype(np.float64))
    model = CosineRecommender(K=length + 1, num_threads=1)  # an item is its own best neighbour
    model.fit(owned, show_progress=False)
    similar = model.similarity.tocsr()
    similar = similar - sparse.diags(similar.diagonal())
    scores: np.ndarray = (owned @ similar).toarray()
    return scores


def implicit_als(cut: CutOff, factors: int, regularization: float, alpha: float) -> np.ndarray:
    """implicit's alternating least squares on 0/1 with confidence 1 + alpha, 10 iterations."""
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors, regularization, alpha, iterations=10, num_threads=1, random_state=1
    )
    model.fit(sparse.csr_matrix(cut.owned.astype(np.float32)), show_progress=False)
    scores: np.ndarray = model.user_factors @ model.item_factors.T
    return scores


def ease(cut: CutOff, penalty: float) -> np.ndarray:
    """EASE: the linear model of items on all other items, in closed form (Steck, WWW 2019)."""
    owned = cut.owned.astype(np.float32)
    gram = owned.T @ owned
    gram[np.diag_indices_from(gram)] += penalty
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    scores: np.ndarray = owned @ weights
    return scores
