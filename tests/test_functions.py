"""The size of functions: short enough to be read whole, few enough parameters to be told apart."""

from statistics import quantiles

from tests.source_code import JOBS, PACKAGE, functions, lines_of, parameters_of, shown, sources

KERNELS = PACKAGE / "copurchase" / "engine" / "kernels"
MOST_LINES = 50
P90_LINES = 24
MOST_PARAMETERS = 5
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
        > (MOST_IN_KERNELS if path.is_relative_to(KERNELS) else MOST_PARAMETERS)
    }
    assert many == {}
