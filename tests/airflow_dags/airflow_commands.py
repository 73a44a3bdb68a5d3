"""Runs commands of Airflow in one process: to start it takes longer than a command.

Arguments: as JSON, the words of each command, and the variables of its environment.
"""

import json
import os
import sys

from airflow.__main__ import main

if __name__ == "__main__":
    for words, variables in json.loads(sys.argv[1]):
        os.environ |= variables
        sys.argv = ["airflow", *words]
        main()
