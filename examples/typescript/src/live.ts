// Events as they happen. A lost connection continues after the last event, so that none is missed.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api, Schemas } from './session.js';

/** The events of one task force, with all that changed. */
export const liveEvents = (api: Api, taskForceId: string, after: number) =>
  continued<Schemas['AuditEvent']>(String(after), (last) =>
    api.GET('/v1/task-forces/{taskForceId}/events/stream', {
      params: { path: { taskForceId }, header: { 'Last-Event-ID': Number(last) } },
      parseAs: 'stream',
    }),
  );

/** What happens in all task forces of the user, told in one sentence each. */
export const liveFeed = (api: Api, after: string) =>
  continued<Schemas['FeedItem']>(after, (last) =>
    api.GET('/v1/me/feed/stream', { params: { header: { 'Last-Event-ID': last } }, parseAs: 'stream' }),
  );

type Opened = { data?: ReadableStream<Uint8Array> | null; error?: { detail: string } };

/** The events of a stream, which is opened again after the last event when the connection was lost. */
async function* continued<T>(after: string, open: (last: string) => Promise<Opened>): AsyncGenerator<T> {
  for (let last = after; ; await sleep(2000)) {
    const { data: stream, error } = await open(last);
    if (!stream) throw new Error(error?.detail ?? 'no stream');
    for await (const { id, name, data } of serverSentEvents(stream)) {
      // The service names the reason before it ends a stream, such as an expired token: connect again.
      if (name === 'end') break;
      last = id;
      yield JSON.parse(data) as T;
    }
  }
}

/** The events of a stream; its comments are heartbeats. */
async function* serverSentEvents(stream: ReadableStream<Uint8Array>) {
  const reader = stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  try {
    for (let text = ''; ; ) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (text + value).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string) => block.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1] ?? '';
        if (field('data')) yield { id: field('id'), name: field('event'), data: field('data') };
      }
    }
  } finally {
    await reader.cancel();
  }
}
