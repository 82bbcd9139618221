"""What tests of the doctor expect of its findings."""

from deploy.doctor.findings import Level


def wrong(findings):
    """Return the codes of what is not as it should be; each tells how it is mended."""
    bad = [each for each in findings if each.level is not Level.OK]
    assert all(each.what and each.mend for each in bad)
    return {each.code for each in bad} - VOLATILE


VOLATILE = {"database-durability"}
"""The PostgreSQL of component tests does without fsync, which the doctor finds; see the test of that."""
