"""What the gateway keeps of persons beside its read model, which forgets by the owners' events.

Files of imports are not here: they are gone when the import is done. Nor is what partners' messages say, which is sealed and
erased some days after they were done with.
"""

from gateway.imports.models import Import, ImportItem
from gateway.incoming.models import IncomingMessage, IncomingSecret, IncomingSource
from gateway.issuer.models import Client, ClientSecret
from gateway.webhooks.models import Webhook, WebhookAttempt, WebhookSecret
from shared.chassis.personal.erasure import Keeper
from shared.chassis.personal.rows import PersonalTable
from shared.contracts.personal import DECIDER, WORDS, Part

_BY, _WORDS = Part(marker=DECIDER), Part(marker=WORDS)
_FAULTS = Part(members={"detail": _WORDS}, many=True)
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
        PersonalTable(
            "webhook",
            Webhook,
            "id",
            Part(
                members={
                    "description": _WORDS,
                    "made_by": Part(members={"subject": _BY, "name": _BY}),
                    "changed_by": _BY,
                }
            ),
        ),
        PersonalTable("webhook", WebhookSecret, "webhook_id", Part(members={"created_by": _BY})),
        PersonalTable("webhook", WebhookAttempt, "webhook_id", Part(members={"answer": _WORDS})),
        PersonalTable(
            "incoming-source",
            IncomingSource,
            "id",
            Part(members={"name": _WORDS, "created_by": _BY, "changed_by": _BY, "disabled_by": _BY}),
        ),
        PersonalTable(
            "incoming-source",
            IncomingSecret,
            "source_id",
            Part(members={"created_by": _BY, "revoked_by": _BY}),
        ),
        PersonalTable(
            "incoming-message",
            IncomingMessage,
            "id",
            Part(
                members={
                    "problem": Part(members={"detail": _WORDS, "errors": _FAULTS}),
                    "released_by": Part(members={"subject": _BY, "name": _BY}),
                    "decided_by": _BY,
                    "rationale": _WORDS,
                }
            ),
        ),
    ),
)
