"""The same answers as the engine by plain Spark joins: slow, and easy to trust."""
