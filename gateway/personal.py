"""What the gateway keeps of persons beside its read model, which forgets by the owners' events.

Files of imports are not here: they are gone when the import is done.
"""

from gateway.imports.models import Import, ImportItem
from gateway.issuer.models import Client, ClientSecret
from shared.chassis.personal.erasure import Keeper
from shared.chassis.personal.rows import PersonalTable
from shared.contracts.personal import DECIDER, WORDS, Part

_BY, _WORDS = Part(marker=DECIDER), Part(marker=WORDS)
_FINDINGS = Part(members={"reason": _WORDS}, many=True)

KEEPER = Keeper(
    "gateway",
    tables=(
        PersonalTable(
            "client",
            Client,
            "id",
            Part(members={"name": _WORDS, "created_by": _BY, "changed_by": _BY, "revoked_by": _BY}),
        ),
        PersonalTable(
            "client", ClientSecret, "client_id", Part(members={"created_by": _BY, "revoked_by": _BY})
        ),
        PersonalTable(
            "import",
            Import,
            "id",
            Part(members={"problem": _WORDS, "started_by": Part(members={"subject": _BY, "name": _BY})}),
        ),
        PersonalTable(
            "import", ImportItem, "import_id", Part(members={"problems": _FINDINGS, "notices": _FINDINGS})
        ),
    ),
)
