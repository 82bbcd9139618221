"""A command for clients that is not told whole, or without its settings, does nothing, and says why."""

import pytest

from deploy.ops.commands import main


@pytest.mark.parametrize(
    "arguments",
    [[], ["create", "x"], ["create", "--grant", "{}"], ["create", "x", "--grant", "{}"], ["revoke"]],
)
def test_a_command_that_is_not_told_whole_does_nothing(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(["client", *arguments])
    assert left.value.code == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments", [("client", "revoke", "x"), ("rotate", "signing-key")], ids=["revoke", "rotate"]
)
@pytest.mark.parametrize("key", ["", "too short a key"])
def test_a_command_without_the_key_does_nothing(monkeypatch, capsys, arguments, key):
    monkeypatch.setenv("DEVCOOP_ISSUER_KEY", key)
    assert main(arguments) == 1
    told = capsys.readouterr()
    assert "issuer_key" in told.err.lower()
    assert ("too short a key" in told.err, told.out) == (False, "")
