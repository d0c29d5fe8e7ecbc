// An OpenID provider on loopback, which runs as long as its standard input is open.
//
// The first line of standard input is the configuration, as JSON: `port` (0 for any), `keys` (names and algorithms; the
// first key signs), `audience` (of the API), `accounts` (claims by subject). The provider prints one line, its issuer.
// The provider signs in the account of `login_hint` without a dialog, since no test is about the dialog.

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

const kinds = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519', {}],
};

const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
const [line] = await once(lines, 'line');
const { port, keys, audience, accounts } = JSON.parse(line);

const server = createServer();
server.listen(port, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const jwks = {
  keys: keys.map(({ kid, alg }) => {
    const { privateKey } = generateKeyPairSync(...kinds[alg]);
    return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
  }),
};
const alg = keys[0].alg;

const client = (client_id) => ({
  client_id,
  redirect_uris: ['https://front.example/callback'],
  token_endpoint_auth_method: 'none',
  id_token_signed_response_alg: alg,
});

const provider = new Provider(issuer, {
  jwks,
  // One frontend shares its client id with the API, the other has its own.
  clients: [client(audience), client('another-frontend')],
  clientDefaults: { id_token_signed_response_alg: alg },
  enabledJWA: { idTokenSigningAlgValues: Object.keys(kinds) },
  // ID tokens are valid for longer than fetched keys are used without another fetch.
  ttl: { IdToken: 3 * 60 * 60 },
  cookies: { keys: ['of the tests'] },
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'given_name', 'family_name', 'locale'],
  },
  // The ID token itself contains the claims, as with most providers.
  conformIdTokenClaims: false,
  findAccount: (_, sub) => accounts[sub] && { accountId: sub, claims: () => ({ sub, ...accounts[sub] }) },
  extraTokenClaims: (_, token) => accounts[token.accountId],
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({
      clientId: oidc.client.clientId,
      accountId: oidc.session.accountId,
    });
    grant.addOIDCScope('openid email profile');
    for (const resource of [oidc.params.resource ?? []].flat()) {
      grant.addResourceScope(resource, 'work');
    }
    await grant.save();
    return grant;
  },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        scope: 'work',
        audience: resource,
        accessTokenTTL: 600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg } },
      }),
    },
  },
});

const answer = provider.callback();
server.on('request', async (request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  const { params } = await provider.interactionDetails(request, response);
  return provider.interactionFinished(request, response, { login: { accountId: params.login_hint } });
});
console.log(issuer);
