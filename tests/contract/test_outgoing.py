"""Where the services connect to: addresses of their settings, and never one that a file or a token names.

Webhooks alone go to addresses that callers name, by the one module that lets nothing go to where it may not.
"""

import ast
from collections.abc import Iterator

import pytest

from shared.contracts.snapshots import ROOT

CONNECTING = {
    "httpx": {"shared/chassis/http.py"},
    "socket": {  # to listen; to look names up; to tell the name of the machine
        "shared/chassis/app.py",
        "shared/chassis/egress/client.py",
        "shared/chassis/tracing.py",
    },
}
"""Libraries by which one could connect to an address, with the modules that know them; nobody knows the others."""
LIBRARIES = {
    *(
        "httpx",
        "aiohttp",
        "requests",
        "urllib3",
        "urllib.request",
        "http.client",
        "ftplib",
        "smtplib",
        "socket",
    ),
    *("telnetlib", "xmlrpc", "websockets", "subprocess"),
}
OPENING = {"create_connection", "open_connection", "create_unix_connection", "open_unix_connection"}
"""Calls that connect to an address."""
EGRESS = "shared/chassis/egress/client.py"
"""The one module that connects to addresses which others chose (docs/adr/0022)."""
PRODUCT = ("shared/chassis", "shared/policy", "shared/contracts", "shared/figures", "services", "gateway")
FETCHING = {
    "shared/chassis/identity/keys.py": {"self.issuer.jwks_url", "self.issuer.revocations_url"},
}
"""Modules that get what is at a whole address, with the addresses: those of the setting ``DEVCOOP_ISSUERS``."""
CLIENTS = {"shared/chassis/access.py": {"''"}, "gateway/main.py": {"url"}}
"""Modules that make an HTTP client, with its address: none, and each of ``Settings.owner_urls``."""


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    """Return every module of the product by its path."""
    files = [path for part in PRODUCT for path in sorted((ROOT / part).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files}


@pytest.fixture(scope="module")
def imports(trees: dict[str, ast.Module]) -> dict[str, set[str]]:
    """Return what each module imports."""
    return {path: set(imported(tree)) for path, tree in trees.items()}


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield what is imported, each module with those that it is within."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[: count + 1]) for count in range(len(parts)))


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == name:
                yield node


def knows_the_client(tree: ast.AST) -> bool:
    return "shared.chassis.http.Client" in set(imported(tree))


@pytest.mark.parametrize("library", sorted(LIBRARIES))
def test_few_modules_can_connect_to_an_address(imports: dict[str, set[str]], library: str):
    found = {path for path, names in imports.items() if library in names}
    assert found == CONNECTING.get(library, set())


def test_one_module_connects_by_itself(trees: dict[str, ast.Module]):
    found = {path for path, tree in trees.items() if any(any(calls(tree, name)) for name in OPENING)}
    assert found == {EGRESS}


def test_whole_addresses_that_are_fetched_are_those_of_settings(trees: dict[str, ast.Module]):
    found = {
        path: {ast.unparse(call.args[0]) for call in calls(tree, "fetch") if call.keywords}
        for path, tree in trees.items()
        if knows_the_client(tree) and any(call.keywords for call in calls(tree, "fetch"))
    }
    assert found == FETCHING


def test_clients_are_made_for_the_owners_alone(trees: dict[str, ast.Module]):
    found = {
        path: {ast.unparse(call.args[0]) for call in calls(tree, "Client")}
        for path, tree in trees.items()
        if knows_the_client(tree) and any(calls(tree, "Client"))
    }
    assert found == CLIENTS


def test_the_modules_are_found(trees: dict[str, ast.Module]):
    assert {*CLIENTS, *FETCHING, "shared/chassis/http.py"} <= set(trees)
