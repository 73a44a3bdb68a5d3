"""Functions short enough to be read whole, with few parameters, and names that say something."""

import ast
from statistics import quantiles

from tests.source_code import (
    JOBS,
    functions,
    lines_of,
    parameters_of,
    shown,
    sources,
    tree,
)

KERNELS = {"kernels", "compiled"}  # folders of compiled loops
MOST_LINES = 50
P90_LINES = 24
MOST_PARAMETERS = 5
SAYS_NOTHING = {"found", "own", "mine", "each", "held", "known", "sent", "told"}
MOST_IN_KERNELS = 8  # compiled loops cannot take everything as one object
FUNCTIONS = [(path, function) for path in [*sources(), *JOBS] for function in functions(path)]


def test_nine_of_ten_functions_are_short_and_none_is_long():
    lengths = [lines_of(function) for _, function in FUNCTIONS]
    assert quantiles(lengths, n=10, method="inclusive")[-1] <= P90_LINES
    long = {
        f"{shown(path)} {function.name}": lines_of(function)
        for path, function in FUNCTIONS
        if lines_of(function) > MOST_LINES
    }
    assert long == {}


def test_a_function_takes_few_parameters():
    many = {
        f"{shown(path)} {function.name}": len(parameters_of(function))
        for path, function in FUNCTIONS
        if len(parameters_of(function))
        > (MOST_IN_KERNELS if path.parent.name in KERNELS else MOST_PARAMETERS)
    }
    assert many == {}


def bound_names(path):
    """Every name that a file gives: to functions, parameters and variables, with its line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef):
            yield node.name, node.lineno


def test_no_name_fits_everything():
    paths = [*sources(), *JOBS]
    names = [(shown(path), *bound) for path in paths for bound in bound_names(path)]
    assert len(names) > 1000
    assert [where for where in names if where[1].strip("_") in SAYS_NOTHING] == []
