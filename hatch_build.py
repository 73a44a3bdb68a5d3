"""What the wheel holds beside the package: the folders that `alsobought init` lays."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# the environments that are examples, and none that a shop may have beside them
LAID = ("conf/production.toml", "conf/demo.toml", "jobs", "airflow_dags")


class ProjectFolders(BuildHookInterface):  # type: ignore[type-arg]
    """Puts them into the package as `project`; an editable install finds them in the clone."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add them to a wheel that is no editable one."""
        if version == "standard":
            build_data["force_include"] |= {name: f"alsobought/project/{name}" for name in LAID}
