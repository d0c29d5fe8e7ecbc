// A client that is signed in: a new access token is fetched before the old one expires, once for all requests that wait.
import createClient, { type Client, type Middleware } from 'openapi-fetch';
import type { components, paths } from './schema.js';

export type Schemas = components['schemas'];
export type Api = Client<paths>;

export async function signIn(baseUrl: string, credentials: Schemas['LoginCredentials']): Promise<Api> {
  const open = createClient<paths>({ baseUrl });
  const login = await open.POST('/v1/auth/login', { body: credentials });
  if (!login.data) throw new Error(login.error.detail);

  let tokens = login.data;
  let refreshAt = deadline(tokens);
  let refreshing: Promise<void> | undefined;
  const refresh = async () => {
    const { refreshToken } = tokens;
    if (refreshToken === null) throw new Error('the refresh token is in a cookie');
    const { data, error } = await open.POST('/v1/auth/refresh', { body: { refreshToken } });
    if (!data) throw new Error(error.detail);
    tokens = data;
    refreshAt = deadline(tokens);
  };

  const authorization: Middleware = {
    async onRequest({ request }) {
      if (Date.now() >= refreshAt) {
        refreshing ??= refresh().finally(() => (refreshing = undefined));
        await refreshing;
      }
      request.headers.set('Authorization', `Bearer ${tokens.accessToken}`);
    },
  };
  const api = createClient<paths>({ baseUrl });
  api.use(authorization);
  return api;
}

function deadline({ expiresIn }: Schemas['SessionTokens']): number {
  return Date.now() + (expiresIn - 30) * 1000;
}
