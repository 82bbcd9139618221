"""Who may connect to PostgreSQL: a role for each service, with a password, that reaches its own database alone."""

import base64
import hashlib
import hmac
import secrets

SUPERUSER = "postgres"

_IDENT_MAP = "devcoop"
_ITERATIONS = 4096
_SALT_BYTES = 16

CLOSED = f"""\
\\set ON_ERROR_STOP on
REVOKE ALL ON DATABASE {SUPERUSER} FROM PUBLIC;
REVOKE ALL ON DATABASE template1 FROM PUBLIC;
SELECT pg_reload_conf();
"""
"""Statements that leave no database to whoever comes, by rules that may have been written while the server ran."""


def host_rules() -> str:
    """Return ``pg_hba.conf``: the superuser by the socket and without a password, everybody else with one."""
    return f"""\
# DevCoop
local  all  {SUPERUSER}  peer map={_IDENT_MAP}
local  all  all          scram-sha-256
"""


def ident_rules(system_user: str) -> str:
    """Return ``pg_ident.conf``: the one user of the machine that may be the superuser."""
    return f'# DevCoop\n{_IDENT_MAP}  "{system_user}"  {SUPERUSER}\n'


def role_statements(role: str, password: str) -> str:
    """Return statements for psql that make a role, or bring it to this password and to no right beyond its own.

    The password itself is not among them, so that it is in no log.
    """
    return f"""\
\\set ON_ERROR_STOP on
SELECT 'CREATE ROLE "{role}"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec
ALTER ROLE "{role}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    PASSWORD '{scram_verifier(password)}';
"""  # noqa: S608  (names of our own)


def database_statements(name: str, owner: str, template: str = "template1") -> str:
    """Return statements for psql that make a database where there is none yet, open to its owner alone.

    It begins as a copy of the template, to which nobody may be connected.
    """
    return f"""\
\\set ON_ERROR_STOP on
SELECT 'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE "{template}"'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
REVOKE ALL ON DATABASE "{name}" FROM PUBLIC;
"""  # noqa: S608  (names of our own)


def scram_verifier(password: str) -> str:
    """Return what PostgreSQL stores of a password (RFC 5803), from which it cannot be told."""
    salt = secrets.token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
