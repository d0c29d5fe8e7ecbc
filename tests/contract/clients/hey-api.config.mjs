// Types, calls and zod schemas; every request and answer is validated by zod.
export default {
  input: process.env.OPENAPI,
  output: 'generated/hey-api',
  plugins: ['@hey-api/client-fetch', { name: '@hey-api/sdk', validator: true }, 'zod'],
};
