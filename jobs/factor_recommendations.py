"""What each customer is likely to buy, by factors of the matrix of customers and items."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.recommend.baselines import factor_recommendations as step
from alsobought.recommend.baselines.product_lines import Purchased
from alsobought.recommend.baselines.settings import FactorRecommendations
from alsobought.runtime.job import Job
from alsobought.runtime.run import main
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import FACTOR_RECOMMENDATIONS

READS = {"purchases": PURCHASES, "returned": RETURNED_PURCHASES, "items": ITEMS}


def factor_recommendations(
    params: FactorRecommendations, as_of: date, **tables: DataFrame
) -> Outcome:
    """Factorise each market's purchases; list the best items that a customer has not bought."""
    return step.factor_recommendations(Purchased(**tables), params, as_of)


JOB = Job(factor_recommendations, FactorRecommendations, READS, FACTOR_RECOMMENDATIONS)

if __name__ == "__main__":
    main(JOB)
