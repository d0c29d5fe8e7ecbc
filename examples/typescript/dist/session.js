// A client that is signed in: a new access token is fetched before the old one expires, once for all requests that wait.
import createClient from 'openapi-fetch';
export async function signIn(baseUrl, credentials) {
    const open = createClient({ baseUrl });
    const login = await open.POST('/v1/auth/login', { body: credentials });
    if (!login.data)
        throw new Error(login.error.detail);
    let tokens = login.data;
    let refreshAt = deadline(tokens);
    let refreshing;
    const refresh = async () => {
        const { data, error } = await open.POST('/v1/auth/refresh', { body: { refreshToken: tokens.refreshToken } });
        if (!data)
            throw new Error(error.detail);
        tokens = data;
        refreshAt = deadline(tokens);
    };
    const authorization = {
        async onRequest({ request }) {
            if (Date.now() >= refreshAt) {
                refreshing ??= refresh().finally(() => (refreshing = undefined));
                await refreshing;
            }
            request.headers.set('Authorization', `Bearer ${tokens.accessToken}`);
        },
    };
    const api = createClient({ baseUrl });
    api.use(authorization);
    return api;
}
function deadline({ expiresIn }) {
    return Date.now() + (expiresIn - 30) * 1000;
}
