// An authorization server on loopback: oidc-provider with its own pages, its addresses on the first line it prints.
// Arguments: the folder of oidc-provider, the callbacks that are allowed.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [folder, ...callbacks] = process.argv.slice(2);
const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
const INTERVAL = 5000;

const server = createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const { default: Provider } = await import(pathToFileURL(`${folder}/lib/index.js`));
// Whoever signs in is who they say: `ada` is ada@example.org, `ada@example.com` is that; some are odd.
const claimsOf = (id) => ({
  sub: id,
  name: id === "nameless" ? undefined : id.split("@")[0],
  email: id === "unreachable" ? undefined : id.includes("@") ? id : `${id}@example.org`,
  email_verified: !id.startsWith("unverified"),
});
const provider = new Provider(issuer, {
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => claimsOf(id) }),
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  clients: [
    {
      client_id: "maestro",
      client_secret: "the-secret-of-our-own-client",
      application_type: "native",
      token_endpoint_auth_method: "client_secret_post",
      redirect_uris: callbacks,
      grant_types: ["authorization_code", "refresh_token", DEVICE],
    },
  ],
  features: { deviceFlow: { enabled: true } },
  scopes: ["openid", "offline_access"],
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, Grant: 3600, RefreshToken: 3600, Session: 3600, Interaction: 600, DeviceCode: 600 },
});

// What oidc-provider leaves to its user: who polls faster than the interval is told so.
const polled = new Map();
provider.use(async (ctx, next) => {
  await next();
  if (ctx.path !== "/token" || ctx.body?.error !== "authorization_pending") return;
  const code = ctx.oidc.params.device_code;
  const early = Date.now() - (polled.get(code) ?? 0) < INTERVAL;
  polled.set(code, Date.now());
  if (early) ctx.body = { error: "slow_down", error_description: "you poll too fast" };
});

// Revocation would end the whole sign-in; this ends one access token, as time does.
provider.use(async (ctx, next) => {
  if (ctx.path !== "/end") return next();
  await (await provider.AccessToken.find(ctx.get("token"))).destroy();
  ctx.status = 204;
});

server.on("request", provider.callback());
console.log(issuer);
process.stdin.on("end", () => process.exit(0)).resume();
