"""Runs commands of alsobought in one process, which starts Java once: prints their ends as JSON.

Arguments: as JSON, the words of each command.
"""

import json
import sys

from typer.testing import CliRunner

from alsobought.commands.cli import app


def main() -> None:
    """Each command in turn; its exit code and all that it has printed."""
    ends = []
    for words in json.loads(sys.argv[1]):
        result = CliRunner().invoke(app, words)
        ends.append([words, result.exit_code, result.output])
    sys.stdout.write(f"\n{json.dumps(ends)}\n")


if __name__ == "__main__":
    main()
