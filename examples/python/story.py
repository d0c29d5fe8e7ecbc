"""One working day with Taskforce: every answer is compared with what the document promises."""

import io
import json
import os
import uuid
from datetime import date
from urllib.parse import unquote

from taskforce import AuthenticatedClient, Client
from taskforce.api.activities import (
    create_activity,
    get_activity,
    list_activities,
    transition_activity,
    update_activity,
)
from taskforce.api.events import list_events
from taskforce.api.evidence import create_evidence, download_evidence, upload_evidence
from taskforce.api.me import get_me, list_my_feed, mark_my_feed
from taskforce.api.service import get_vocabularies
from taskforce.api.sign_in import sign_in
from taskforce.api.steps import cast_vote, create_submission, get_step_readiness, set_waiver, withdraw_submission
from taskforce.models import (
    ActivityPatch,
    ActivityPriority,
    AuditEvent,
    EvidenceUpload,
    FeedItem,
    LoginCredentials,
    NewActivity,
    NewEvidence,
    NewFeedMark,
    NewSubmission,
    NewWaiver,
    SimpleActivityTransition,
    SimpleNewVote,
    StepName,
    SubmissionWithdrawal,
)
from taskforce.types import File

URL = os.environ.get("TASKFORCE_URL", "http://127.0.0.1:8080")
PASSWORD = os.environ["TASKFORCE_PASSWORD"]


def ok(answer):
    """The data of an answer. A refusal ends the story with the sentence that a user would read."""
    if not 200 <= answer.status_code < 300:
        raise SystemExit(answer.parsed.detail)
    return answer.parsed


login = LoginCredentials(email="chair@demo.example", password=PASSWORD)
session = ok(sign_in.sync_detailed(client=Client(base_url=URL), body=login))
api = AuthenticatedClient(base_url=URL, token=session.access_token)

# The task forces of the signed-in user.
me = ok(get_me.sync_detailed(client=api))
task_force = next(membership.task_force.id for membership in me.memberships if membership.role == "chair")

# A list, page by page: `next` is the cursor of the next page, and null on the last one.
seen, cursor, total = set(), {}, None
while True:
    page = ok(list_activities.sync_detailed(task_force, client=api, limit=10, count=True, **cursor))
    seen |= {activity.id for activity in page.items}
    total = total or page.total
    if page.next_ is None:
        break
    cursor = {"cursor": page.next_}
assert len(seen) == total, (len(seen), total)
print(len(seen), "activities")

# A creation that is retried with its key, as after a lost answer, happens once.
new = NewActivity.from_dict(
    {
        "title": {"ar": "إعداد استبيان", "en": "Prepare a survey"},
        "step": "pilots",
        "description": {"en": "A draft."},
    }
)
key = str(uuid.uuid4())
created = ok(create_activity.sync_detailed(task_force, client=api, body=new, idempotency_key=key))
retried = create_activity.sync_detailed(task_force, client=api, body=new, idempotency_key=key)
assert ok(retried).id == created.id
assert retried.headers["Idempotency-Replayed"] == "true"
print("created activity", created.number, "once")


def patch(version, changes):
    return update_activity.sync_detailed(task_force, created.id, client=api, body=changes, if_match=f'"{version}"')


# A merge patch changes what it names. None clears a field; an omitted field stays.
patched = ok(patch(created.version, ActivityPatch(description=None, due_date=date(2027, 1, 31))))
assert patched.description is None and patched.title == created.title



# Events arrive as they happen. A client that has lost the connection continues with the last id as `after`.
def live(path, after):
    with api.get_httpx_client().stream("GET", path, params={"after": after}, timeout=60) as stream:
        for line in stream.iter_lines():
            # The other lines are the ids of events, and heartbeats.
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


last_seq = ok(list_events.sync_detailed(task_force, client=api, limit=1)).last_seq
position = ok(list_my_feed.sync_detailed(client=api, limit=1)).position
patched = ok(patch(patched.version, ActivityPatch(due_date=date(2027, 2, 28))))
event = AuditEvent.from_dict(next(live(f"/v1/task-forces/{task_force}/events/stream", last_seq)))
assert (event.action, event.subject.id) == ("activity.updated", created.id), event

# One stream has all task forces of the user, and tells each event in a sentence in the language of the user.
told = FeedItem.from_dict(next(live("/v1/me/feed/stream", position)))
assert told.own and told.subject.id == created.id, told
print("heard live:", told.sentence)

# What was read is marked once for all devices.
position = ok(list_my_feed.sync_detailed(client=api, limit=1)).position
marked = ok(mark_my_feed.sync_detailed(client=api, body=NewFeedMark(position=position)))
print(marked.unread, "unread events after the mark")

# A stale If-Match is refused, so that no change of another user is lost: read again, then decide.
stale = patch(created.version, ActivityPatch(priority=ActivityPriority.HIGH))
assert stale.parsed.code == "versionMismatch"
current = ok(get_activity.sync_detailed(task_force, created.id, client=api))
prioritized = ok(patch(current.version, ActivityPatch(priority=ActivityPriority.HIGH)))
assert prioritized.priority == ActivityPriority.HIGH
print("changed the activity after a conflict")

# A refused transition says why, and lists the legal ones; Accept-Language selects Arabic.
refused = transition_activity.sync_detailed(
    task_force,
    created.id,
    client=api,
    body=SimpleActivityTransition.from_dict({"to": "done"}),
    if_match=f'"{prioritized.version}"',
    accept_language="ar",
).parsed
assert refused.code == "transitionNotAllowed"
legal = [transition.to for transition in refused.available_transitions if transition.allowed]
assert legal == ["inProgress", "blocked", "cancelled"], legal
states = ok(get_vocabularies.sync_detailed(client=api)).words.activity_state
print(refused.title + ":", "، ".join(state.label.ar for state in states if state.code in legal))
assert "\u0600" <= refused.title[0] <= "\u06ff"

# A file keeps its name, also an Arabic one.
name, text = "محضر الاجتماع.txt", "نص المحضر".encode()
evidence = ok(
    create_evidence.sync_detailed(
        task_force,
        client=api,
        body=NewEvidence.from_dict(
            {
                "subject": {"kind": "activity", "id": str(created.id)},
                "title": {"ar": "محضر الاجتماع", "en": "Minutes"},
            }
        ),
        idempotency_key=str(uuid.uuid4()),
    )
)
uploaded = ok(
    upload_evidence.sync_detailed(
        task_force,
        evidence.id,
        client=api,
        body=EvidenceUpload(file=File(payload=io.BytesIO(text), file_name=name, mime_type="text/plain")),
        if_match=f'"{evidence.version}"',
    )
)
assert uploaded.size == len(text)
download = download_evidence.sync_detailed(task_force, evidence.id, client=api)
assert download.content == text
assert unquote(download.headers["Content-Disposition"].split("filename*=UTF-8''")[1].split(";")[0]) == name
print("uploaded and downloaded", name)

# The chair waives what the gate of the step still misses, submits the step, and votes.
reason = {"reason": {"ar": "عرض للواجهة البرمجية", "en": "A demonstration of the API"}}
readiness = ok(get_step_readiness.sync_detailed(task_force, StepName.PILOTS, client=api))
for criterion in readiness.criteria:
    if not criterion.met and not criterion.waived:
        waiver = NewWaiver.from_dict(reason)
        ok(set_waiver.sync_detailed(task_force, StepName.PILOTS, criterion.code, client=api, body=waiver))
submission = ok(
    create_submission.sync_detailed(
        task_force, StepName.PILOTS, client=api, body=NewSubmission(), idempotency_key=str(uuid.uuid4())
    )
)
voted = ok(cast_vote.sync_detailed(task_force, submission.id, client=api, body=SimpleNewVote.from_dict({"choice": "approve"})))
assert voted.tally and voted.tally.approve == 1
print("voted; the step passes with", voted.tally.approvals_needed, "approvals")

# The story can run again: the step is open once more.
withdrawn = ok(
    withdraw_submission.sync_detailed(
        task_force,
        submission.id,
        client=api,
        body=SubmissionWithdrawal.from_dict(reason),
        if_match=f'"{voted.version}"',
    )
)
assert withdrawn.state == "withdrawn"
