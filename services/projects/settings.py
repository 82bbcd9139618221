"""Settings of the projects service."""

from shared.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The chassis settings; the service needs none of its own yet."""
