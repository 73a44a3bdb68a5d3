"""The contract of every table, one module a domain; ALL has them by name, in the order of flow."""

from alsobought.tables import (
    copurchase,
    evaluate,
    forgetting,
    offers,
    purchases,
    recommend,
    related,
    training,
)
from alsobought.tables.table import Table

DOMAINS = (purchases, copurchase, related, recommend, evaluate, offers, training, forgetting)
ALL: dict[str, Table] = {
    table.name: table
    for domain in DOMAINS
    for table in vars(domain).values()
    if isinstance(table, Table)
}
