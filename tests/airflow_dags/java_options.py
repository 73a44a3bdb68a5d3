"""Prints, as JSON, the options by which Java uses the archive of Spark's classes.

Runs in the jobs' own Python.
"""

import json
import sys

from alsobought.runtime import class_archive

if __name__ == "__main__":
    json.dump(class_archive.java_options(), sys.stdout)
