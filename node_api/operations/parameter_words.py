"""What parameters mean that many operations have, for the OpenAPI document.

An action that says more of its own argument is believed instead.
"""

from __future__ import annotations

from typing import Final

PARAMETERS_IN_WORDS: Final = {
    "after": "Goes on behind this one: `next` of the page before.",
    "approval_id": "Of the request that waits: the end of its Location.",
    "at_unix": "Time that is asked about; by default now.",
    "batch": "Only of this batch: its key.",
    "batch_key": "The batch's key.",
    "before_number": "Older than this record: `next_before` of the page before.",
    "before_unix": "Issued before this time.",
    "case_id": "The case's id.",
    "certificate_id": "Identifier of the certificate (证照标识).",
    "certificate_type": "Code of the type of certificates.",
    "delivery_id": "The delivery's id.",
    "department": "Code of the department; by default all that may be asked about.",
    "digest": "SHA-256 of the content.",
    "event": "Only of this kind of event: an operation's id, or what befell credentials.",
    "first": "The smaller size of the log.",
    "group": "The group's name.",
    "index": "Of the entry in the log, from 0.",
    "issuer": "Code of the department that issues.",
    "item_code": "Code of the service matter (实施编码).",
    "job_id": "The job's id: the end of its Location.",
    "key_id": "The key's id.",
    "kind": "Only of this kind.",
    "limit": "At most so many.",
    "object_id": "Only about this object.",
    "only_ours": "Only cases in which a department of this home has part.",
    "only_overdue": "Only cases in which something is overdue.",
    "pact_id": "The pact's id.",
    "position": "Of the certificate in its batch, from 0.",
    "prefix": "The first digits of an id.",
    "proposal_id": "The proposal's id.",
    "reference": "The issuer's own reference: the Idempotency-Key.",
    "relying_region": "Whose recognition is asked, six digits.",
    "seal_level": "Level of the seal that is asked about.",
    "second": "The larger size of the log.",
    "since_unix": "At this time or later.",
    "size": "Of the log to prove it in; by default all of it.",
    "state": "Only those in this state.",
    "states": "Only those in one of these states.",
    "status": "Only those with this status.",
    "subject": "Only of this subject: `oidc:` or `key:` and an id.",
    "text": "The first digits of an id.",
    "topics": "Only of these topics, divided by commas.",
    "Upload-Offset": "How much of the delivery is there already, in bytes.",
    "until_unix": "Before this time.",
}
