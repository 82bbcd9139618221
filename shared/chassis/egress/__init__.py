"""Requests to addresses that somebody else chose, kept off every network that is not public."""

from shared.chassis.egress.addresses import NotAllowed, Rules
from shared.chassis.egress.client import Egress
from shared.chassis.egress.exchange import Answer, NoAnswer

__all__ = ["Answer", "Egress", "NoAnswer", "NotAllowed", "Rules"]
