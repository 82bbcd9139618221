"""Where settings come from: variables of the environment, and files of a folder of secrets."""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "DEVCOOP_"
FOLDER = f"{PREFIX}SECRETS_DIR"
USUAL_FOLDER = Path("/run/secrets")
"""Where Compose and Kubernetes put secrets; read if it is there, unless another folder is named."""


class Configuration(BaseSettings):
    """Settings by the names of their variables; a variable wins over a file, and no value is told in an error."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (the library's order of arguments)
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return what is asked, in this order."""
        return init_settings, _Variables(settings_cls), _Files(settings_cls)


class _Variables(EnvSettingsSource):
    """The environment; what is not the JSON that it should be is refused where the setting is named."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ANN401
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class _Files(_Variables):
    """A file for each secret, named as its variable in lower case, without the end of its last line."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self.env_vars = read_folder()


def secrets_folder() -> Path | None:
    """Return the folder of secrets, if there is one."""
    named = os.environ.get(FOLDER)
    if named:
        return Path(named)
    return USUAL_FOLDER if USUAL_FOLDER.is_dir() else None


def read_folder() -> dict[str, str]:
    """Return the secrets of the folder by the lower-case names of their variables.

    Raises:
        OSError: the folder that is named is not there, or a file cannot be read.
        UnicodeDecodeError: a file is no text.

    """
    folder = secrets_folder()
    if folder is None:
        return {}
    files = (path for path in folder.iterdir() if path.name.upper().startswith(PREFIX) and path.is_file())
    return {path.name.lower(): path.read_text(encoding="utf-8").rstrip("\r\n") for path in files}
