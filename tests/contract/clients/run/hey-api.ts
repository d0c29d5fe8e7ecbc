// @hey-api/openapi-ts: every request and answer is validated by the generated zod schemas.
import { createActivity, getMe, listActivities, signIn } from '../generated/hey-api';
import { client } from '../generated/hey-api/client.gen';
import { credentials, expect, newActivity, url } from './demo';

client.setConfig({ baseUrl: url });
const session = await signIn({ body: credentials });
expect(session.data !== undefined, session.error);
const { accessToken } = session.data;
client.setConfig({ auth: accessToken });

const me = await getMe();
const taskForceId = me.data?.memberships[0]?.taskForce.id;
expect(taskForceId !== undefined, me.error);

const path = { taskForceId };
const created = await createActivity({ path, body: newActivity });
expect(created.data?.title.ar === newActivity.title.ar, created.error);
const page = await listActivities({ path, query: { limit: 2 } });
expect(page.data?.items.length === 2 && page.data.next !== null, page.error);
// The schema refuses what the service would refuse.
const refused = await createActivity({ path, body: { ...newActivity, title: { ar: '' } } });
expect(refused.data === undefined && refused.response === undefined, refused.data);
