"""implicit's item-item cosine, top 50: no counts, no support, nothing written."""

from typing import Any

from benchmarks.contestants import TOP, Task


def ready(task: Task) -> Any:
    from implicit.nearest_neighbours import CosineRecommender

    return CosineRecommender


def run(task: Task, recommender: Any) -> dict[str, int]:
    from benchmarks.contestants.arrays import matrix

    owned, _ = matrix(task)
    model = recommender(K=TOP + 1, num_threads=task.cores)  # an item is its own best neighbour
    model.fit(owned.astype("float64"), show_progress=False)
    return {"kept": int(model.similarity.nnz)}
