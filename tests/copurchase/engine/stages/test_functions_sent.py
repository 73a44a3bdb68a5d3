"""What a stage hands to Spark names no compiled loop: workers would compile a copy of it anew."""

import ast
from importlib import import_module
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

from alsobought.copurchase.engine import stages

STAGES = sorted(file.stem for file in Path(stages.__file__).parent.glob("[a-z]*.py"))


def names_within_functions_of_functions(path):
    """Every name that a function within a function uses."""
    for outer in ast.walk(ast.parse(path.read_text())):
        if isinstance(outer, ast.FunctionDef):
            inner = (node for node in ast.walk(outer) if isinstance(node, ast.FunctionDef))
            for function in inner:
                if function is not outer:
                    yield from (n.id for n in ast.walk(function) if isinstance(n, ast.Name))


@pytest.mark.parametrize("stage", STAGES)
def test_functions_sent_to_workers_name_no_compiled_loop(stage):
    module = import_module(f"{stages.__name__}.{stage}")
    names = set(names_within_functions_of_functions(Path(module.__file__)))
    assert [name for name in names if isinstance(getattr(module, name, None), Dispatcher)] == []
