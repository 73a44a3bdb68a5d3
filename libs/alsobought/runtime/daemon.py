"""The daemon that forks Spark's Python workers, with what they import and call loaded before.

Spark starts it as a process of its own, where spark.python.daemon.module names it. Spark's own
daemon loads nothing, so that each worker imports a thousand modules and reads every compiled loop.
Nothing here may start a thread that a fork would lose.
"""

import gc
from importlib import import_module
from pkgutil import iter_modules

from pyspark import daemon

from alsobought.compiled.cache import PACKAGES, load_loops

# pandas: pyspark's workers import it whenever they exchange Arrow batches
MODULES = ("pandas", "pyarrow.parquet", "pyspark.worker", "pyspark.sql.pandas.serializers")

if __name__ == "__main__":
    for name in MODULES:
        import_module(name)
    for room in PACKAGES:
        for module in iter_modules(import_module(f"alsobought.{room}").__path__):
            load_loops(import_module(f"alsobought.{room}.{module.name}"))
    gc.freeze()  # else the first collection in a worker copies all of it
    daemon.manager()
