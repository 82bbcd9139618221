"""Requests that are made once, however often they are sent: the same ``Idempotency-Key`` gets the same answer.

After the IETF's draft-ietf-httpapi-idempotency-key-header. The answer is stored in the transaction of the effect, so that
neither is there without the other.
"""
