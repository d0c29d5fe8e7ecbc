// openapi-typescript with openapi-fetch. The whole story is in examples/typescript.
import createClient from 'openapi-fetch';
import type { paths } from '../generated/openapi-typescript/schema';
import { credentials, expect, newActivity, url } from './demo';

const api = createClient<paths>({ baseUrl: url });
const session = await api.POST('/v1/auth/login', { body: credentials });
expect(session.data !== undefined, session.error);
const headers = { Authorization: `Bearer ${session.data.accessToken}` };

const me = await api.GET('/v1/me', { headers });
const taskForceId = me.data?.memberships[0]?.taskForce.id;
expect(taskForceId !== undefined, me.error);

const path = { taskForceId };
const created = await api.POST('/v1/task-forces/{taskForceId}/activities', { headers, params: { path }, body: newActivity });
expect(created.data?.title.ar === newActivity.title.ar, created.error);
const page = await api.GET('/v1/task-forces/{taskForceId}/activities', { headers, params: { path, query: { limit: 2 } } });
expect(page.data?.items.length === 2 && page.data.next !== null, page.error);
