"""Spark's Java, started as PySpark starts it, but for what it says of itself on stderr."""

import os
import re
import threading
from collections.abc import Mapping

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway

OF_ITSELF = re.compile(
    rb"WARNING: Using incubator modules|(NOTE: )?Picked up (JDK_)?JAVA_"
    # of linear algebra that it does in Java, where the machine has no library for it
    rb"|.* dev\.ludovic\.netlib\.|WARNING: Failed to load implementation from: dev\.ludovic"
)
STDERR = 2
# Ten times Java's own thresholds: its second compiler takes cores from the tasks from the first
# seconds on, for code that a job of a minute hardly runs again; longer jobs still get to it.
LATE_SECOND_COMPILER = (
    "-XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=6000"
    " -XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000"
)
interrupted = threading.Event()
"""Set when the user has ended the run: what Java says of that is not passed on."""


def start(settings: Mapping[str, str]) -> None:
    """Start this process' Java, unless it runs: spark-submit has started it, or a session before.

    Its stderr is passed on line by line, without what it says of its own options.
    """
    if SparkContext._gateway is not None or "PYSPARK_GATEWAY_PORT" in os.environ:
        return
    reading, writing = os.pipe()
    threading.Thread(target=_pass_on, args=(reading,), daemon=True).start()
    try:
        conf = SparkConf().setAll(list(settings.items()))
        gateway = launch_gateway(conf, {"stderr": writing})  # type: ignore[no-untyped-call]
    finally:
        os.close(writing)
    SparkContext._ensure_initialized(gateway=gateway)


def _pass_on(reading: int) -> None:
    with os.fdopen(reading, "rb") as said:
        for line in said:
            if not OF_ITSELF.match(line) and not interrupted.is_set():
                os.write(STDERR, line)
