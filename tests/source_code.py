"""The project's own source, parsed: what a file imports, which names it uses, its functions."""

import ast
from functools import cache
from pathlib import Path

REPO = Path(__file__).parents[1]
PACKAGE = REPO / "libs" / "alsobought"
JOBS = sorted((REPO / "jobs").glob("*.py"))
DAGS = sorted((REPO / "airflow_dags").glob("*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(folder: Path = PACKAGE) -> list[Path]:
    """Every Python file below a folder."""
    return sorted(folder.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """The file, parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"))


def module_of(path: Path) -> str:
    """`runtime.store` of libs/alsobought/runtime/store.py."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def shown(path: Path) -> str:
    """The file's path within the project."""
    return str(path.relative_to(REPO))


def imports(path: Path) -> dict[str, str]:
    """Every name that a file imports, also within functions: `a.b.c` of `from a.b import c`.

    The value is what the file itself calls it.
    """
    names: dict[str, str] = {}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name: alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{a.name}": a.asname or a.name for a in node.names}
    return names


def imports_of_ours(path: Path) -> dict[str, str]:
    """What a file imports from the package, without the package's own name."""
    return {
        name.removeprefix("alsobought."): local
        for name, local in imports(path).items()
        if name.startswith("alsobought.")
    }


def names_used(path: Path) -> set[str]:
    """Every attribute as it is written (`time.monotonic`), and every bare name."""
    nodes = list(ast.walk(tree(path)))
    attributes = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in nodes if isinstance(node, ast.Name)}


def functions(path: Path) -> list[Function]:
    """Every function and method of a file, also those within functions."""
    return [node for node in ast.walk(tree(path)) if isinstance(node, Function)]


def lines_of(function: Function) -> int:
    """The lines of a whole function, from `def` to its end, without decorators."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def parameters_of(function: Function) -> list[str]:
    """The names of a function's parameters, without self and cls."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return [arg.arg for arg in named if arg is not None and arg.arg not in ("self", "cls")]
