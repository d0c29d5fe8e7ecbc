// One working day with Taskforce: every answer is compared with what the document promises.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { liveEvents, liveFeed } from './live.js';
import { type Schemas, signIn } from './session.js';

const { TASKFORCE_URL: baseUrl = 'http://127.0.0.1:8080', TASKFORCE_PASSWORD: password = '' } = process.env;
const api = await signIn(baseUrl, { email: 'chair@demo.example', password });

/** The data of an answer. A refusal ends the story with the sentence that a user would read. */
function ok<T>(answer: { data?: T; error?: { detail: string } }): T {
  if (answer.data === undefined) throw new Error(answer.error?.detail ?? 'no answer');
  return answer.data;
}

// The task forces of the signed-in user.
const me = ok(await api.GET('/v1/me'));
const membership = me.memberships.find(({ role }) => role === 'chair');
assert(membership);
const taskForce = { taskForceId: membership.taskForce.id };

// A list, page by page: `next` is the cursor of the next page, and null on the last one.
async function* activities(query: { limit: number; count?: boolean }): AsyncGenerator<Schemas['ActivityPage']> {
  let cursor: string | undefined;
  do {
    const path = taskForce;
    const page = ok(
      await api.GET('/v1/task-forces/{taskForceId}/activities', {
        params: { path, query: { ...query, ...(cursor !== undefined && { cursor }) } },
      }),
    );
    yield page;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}
const seen = new Set<string>();
let total: number | null | undefined;
for await (const page of activities({ limit: 10, count: true })) {
  page.items.forEach(({ id }) => seen.add(id));
  total ??= page.total;
}
assert.equal(seen.size, total);
console.log(`${seen.size} activities`);

// A creation that is retried with its key, as after a lost answer, happens once.
const body = { title: { ar: 'إعداد ورشة عمل', en: 'Prepare a workshop' }, step: 'pilots', description: { en: 'A draft.' } } as const;
const key = { 'Idempotency-Key': randomUUID() };
const create = () => api.POST('/v1/task-forces/{taskForceId}/activities', { params: { path: taskForce, header: key }, body });
const created = ok(await create());
const retried = await create();
assert.equal(ok(retried).id, created.id);
assert.equal(retried.response.headers.get('Idempotency-Replayed'), 'true');
const activity = { ...taskForce, activityId: created.id };
console.log(`created activity ${created.number}, once`);

// Events arrive as they happen; nobody has to ask again and again.
const { lastSeq } = ok(await api.GET('/v1/task-forces/{taskForceId}/events', { params: { path: taskForce, query: { limit: 1 } } }));
const live = liveEvents(api, taskForce.taskForceId, lastSeq);
const next = live.next();
// One stream has all task forces of the user, and tells each event in a sentence in the language of the user.
const { position } = ok(await api.GET('/v1/me/feed', { params: { query: { limit: 1 } } }));
const feed = liveFeed(api, position);
const nextTold = feed.next();

// A merge patch changes what it names. null clears a field.
async function patch(version: number, changes: Schemas['ActivityPatch']) {
  return api.PATCH('/v1/task-forces/{taskForceId}/activities/{activityId}', {
    params: { path: activity, header: { 'If-Match': `"${version}"` } },
    body: changes,
  });
}
const patched = ok(await patch(created.version, { description: null, dueDate: '2027-01-31' }));
assert.equal(patched.description, null);
assert.deepEqual(patched.title, created.title);
const { value: event } = await next;
assert.deepEqual([event?.action, event?.subject.id], ['activity.updated', created.id]);
await live.return(undefined);
const { value: told } = await nextTold;
assert.deepEqual([told?.own, told?.subject.id], [true, created.id]);
await feed.return(undefined);
console.log(`heard live of ${event?.action}: ${told?.sentence}`);

// What was read is marked once for all devices.
const read = ok(await api.GET('/v1/me/feed', { params: { query: { limit: 1 } } }));
const marked = ok(await api.PUT('/v1/me/feed/mark', { body: { position: read.position } }));
console.log(`${marked.unread} unread events after the mark`);

// A stale If-Match is refused, so that no change of another user is lost: read again, then decide.
const stale = await patch(created.version, { priority: 'high' });
assert.equal(stale.error?.code, 'versionMismatch');
const current = ok(await api.GET('/v1/task-forces/{taskForceId}/activities/{activityId}', { params: { path: activity } }));
const prioritized = ok(await patch(current.version, { priority: 'high' }));
assert.equal(prioritized.priority, 'high');
console.log('changed the activity after a conflict');

// A refused transition says why, and lists the legal ones; Accept-Language selects Arabic.
const vocabularies = ok(await api.GET('/v1/vocabularies'));
const refused = await api.POST('/v1/task-forces/{taskForceId}/activities/{activityId}/transitions', {
  params: { path: activity, header: { 'If-Match': `"${prioritized.version}"`, 'Accept-Language': 'ar' } },
  body: { to: 'done' },
});
assert(refused.error?.code === 'transitionNotAllowed');
const legal = refused.error.availableTransitions?.filter(({ allowed }) => allowed).map(({ to }) => to);
assert.deepEqual(legal, ['inProgress', 'blocked', 'cancelled']);
const arabic = vocabularies.words.ActivityState.filter(({ code }) => legal?.some((to) => to === code)).map(({ label }) => label.ar);
console.log(`${refused.error.title}: ${arabic.join('، ')}`);
assert.match(refused.error.title, /\p{Script=Arabic}/u);

// A file keeps its name, also an Arabic one. openapi-typescript types the part of a form as a string.
const file = new File(['نص المحضر'], 'محضر الاجتماع.txt', { type: 'text/plain' });
const form = new FormData();
form.set('file', file);
const evidence = ok(
  await api.POST('/v1/task-forces/{taskForceId}/evidence', {
    params: { path: taskForce, header: { 'Idempotency-Key': randomUUID() } },
    body: { subject: { kind: 'activity', id: created.id }, title: { ar: 'محضر الاجتماع', en: 'Minutes' } },
  }),
);
const content = { ...taskForce, evidenceId: evidence.id };
const uploaded = ok(
  await api.PUT('/v1/task-forces/{taskForceId}/evidence/{evidenceId}/content', {
    params: { path: content, header: { 'If-Match': `"${evidence.version}"` } },
    body: form as never,
  }),
);
assert.equal(uploaded.size, file.size);
const download = await api.GET('/v1/task-forces/{taskForceId}/evidence/{evidenceId}/content', {
  params: { path: content },
  parseAs: 'text',
});
assert.equal(download.data, await file.text());
const name = /filename\*=UTF-8''([^;]+)/.exec(download.response.headers.get('Content-Disposition') ?? '')?.[1];
assert.equal(decodeURIComponent(name ?? ''), file.name);
console.log(`uploaded and downloaded ${file.name}`);

// The chair waives what the gate of the step still misses, submits the step, and votes.
const step = { ...taskForce, step: 'pilots' } as const;
const readiness = ok(await api.GET('/v1/task-forces/{taskForceId}/steps/{step}/readiness', { params: { path: step } }));
const reason = { ar: 'عرض للواجهة البرمجية', en: 'A demonstration of the API' };
for (const { code: criterion } of readiness.criteria.filter(({ met, waived }) => !met && !waived)) {
  const path = { ...step, criterion };
  ok(await api.PUT('/v1/task-forces/{taskForceId}/steps/{step}/waivers/{criterion}', { params: { path }, body: { reason } }));
}
const submitted = ok(
  await api.POST('/v1/task-forces/{taskForceId}/steps/{step}/submissions', {
    params: { path: step, header: { 'Idempotency-Key': randomUUID() } },
    body: {},
  }),
);
const submission = { ...taskForce, submissionId: submitted.id };
const voted = ok(
  await api.PUT('/v1/task-forces/{taskForceId}/submissions/{submissionId}/votes/mine', {
    params: { path: submission },
    body: { choice: 'approve' },
  }),
);
assert.ok(voted.tally);
assert.equal(voted.tally.approve, 1);
console.log(`voted; the step passes with ${voted.tally.approvalsNeeded} approvals`);

// The story can run again: the step is open once more.
const withdrawn = ok(
  await api.POST('/v1/task-forces/{taskForceId}/submissions/{submissionId}/withdraw', {
    params: { path: submission, header: { 'If-Match': `"${voted.version}"` } },
    body: { reason },
  }),
);
assert.equal(withdrawn.state, 'withdrawn');
