"""What the services and the gateway share."""

VERSION = "0.1.0"
"""Of the product, as ``pyproject.toml`` has it; it runs from its sources, where no package tells it."""
