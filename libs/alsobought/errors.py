"""The one exception that a user is meant to read."""


class JobError(Exception):
    """A failure told in one sentence: what is wrong, where, and what to do about it."""


class ConfigError(JobError):
    """The environment's TOML, or the command line, asks for something that is not there."""


class ContractError(JobError):
    """A table's rows or schema are not what its contract in `alsobought.tables` promises."""
