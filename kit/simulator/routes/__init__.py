"""The operations of the simulator as HTTP routes, one module per group of operations."""

__all__: list[str] = []
