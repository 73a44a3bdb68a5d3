"""What Delta's log tells of a file, out of its Parquet footer."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow.parquet as pq

LONGEST_STATISTIC = 256  # a longer text is not worth its place in the log


def statistics(footer: pq.FileMetaData, columns: tuple[str, ...]) -> dict[str, Any]:
    """A file's statistics as Delta's log has them: rows, nulls, least and greatest values."""
    least: dict[str, Any] = {}
    greatest: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for name in columns:
        groups = [_group_statistics(footer, group, name) for group in range(footer.num_row_groups)]
        if any(group is None or not group.has_null_count for group in groups):
            continue
        nulls[name] = sum(group.null_count for group in groups)
        if not all(group.has_min_max or group.num_values == 0 for group in groups):
            continue
        valued = [group for group in groups if group.has_min_max]
        low = _as_json(min((group.min for group in valued), default=None), timedelta(0))
        high = _as_json(
            max((group.max for group in valued), default=None), timedelta(microseconds=999)
        )
        if low is not None and high is not None:
            least[name], greatest[name] = low, high
    return {
        "numRecords": footer.num_rows,
        "minValues": least,
        "maxValues": greatest,
        "nullCount": nulls,
    }


def _group_statistics(footer: pq.FileMetaData, group: int, name: str) -> Any:
    row_group = footer.row_group(group)
    for index in range(row_group.num_columns):
        column = row_group.column(index)
        if column.path_in_schema == name:
            return column.statistics
    return None


def _as_json(value: Any, up: timedelta) -> Any:
    """A value as Delta's statistics hold it; None where they should not.

    Times have milliseconds there: `up` rounds the greatest one up, so that it stays a bound.
    Fractions are left out: Spark takes NaN for the greatest, and Parquet leaves it out.
    """
    if isinstance(value, datetime):
        return (value + up).astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value if len(value) <= LONGEST_STATISTIC else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
