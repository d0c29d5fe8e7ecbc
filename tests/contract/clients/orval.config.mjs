// Calls by fetch, and zod schemas of requests and answers.
const input = { target: process.env.OPENAPI };
export default {
  fetch: {
    input,
    output: {
      client: 'fetch',
      mode: 'single',
      target: 'generated/orval/client.ts',
      clean: true,
      override: { fetch: { includeHttpResponseReturnType: true } },
      baseUrl: { runtime: 'url', imports: [{ name: 'url', importPath: '../../run/demo' }] },
    },
  },
  zod: { input, output: { client: 'zod', mode: 'single', target: 'generated/orval-zod/schemas.ts', clean: true } },
};
