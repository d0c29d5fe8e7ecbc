// orval: calls by fetch, and the zod schemas of another output.
import { createActivity, getMe, listActivities, signIn } from '../generated/orval/client';
import * as schemas from '../generated/orval-zod/schemas';
import { credentials, expect, newActivity } from './demo';

const session = await signIn(credentials);
expect(session.status === 200, session.data);
const options = { headers: { Authorization: `Bearer ${session.data.accessToken}` } };

const me = await getMe(options);
expect(me.status === 200, me.data);
const taskForceId = schemas.GetMeResponse.parse(me.data).memberships[0]?.taskForce.id;
expect(taskForceId !== undefined, me.data);

const created = await createActivity(taskForceId, schemas.CreateActivityBody.parse(newActivity), options);
expect(created.status === 201 && created.data.title.ar === newActivity.title.ar, created.data);
const page = await listActivities(taskForceId, { limit: 2 }, options);
expect(page.status === 200, page.data);
const { items, next } = schemas.ListActivitiesResponse.parse(page.data);
expect(items.length === 2 && next !== null, page.data);
expect(!schemas.CreateActivityBody.safeParse({ ...newActivity, title: { ar: '' } }).success, 'an empty title');
