/** Reads a token request as Auth0 does: form or JSON body, credentials in the body or by HTTP Basic. */

type ClientAuthMethod = 'client_secret_post' | 'client_secret_basic' | 'none';

export interface ParsedTokenRequest {
  readonly authMethod: ClientAuthMethod | 'both';
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  /** Every parameter but the client secret. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** @returns `undefined` when the body is neither a form nor a JSON object of strings. */
export function parseTokenRequest(
  contentType: string | undefined,
  body: string,
  authorization: string | undefined,
): ParsedTokenRequest | undefined {
  const all = parseBody(contentType, body);
  if (all === undefined) return undefined;
  const { client_secret: bodySecret, ...parameters } = all;
  const basic = parseBasic(authorization);
  if (basic === undefined) {
    const authMethod = bodySecret === undefined ? 'none' : 'client_secret_post';
    return { authMethod, clientId: parameters['client_id'], clientSecret: bodySecret, parameters };
  }
  const authMethod = bodySecret === undefined ? 'client_secret_basic' : 'both';
  return { authMethod, ...basic, parameters };
}

function parseBody(
  contentType: string | undefined,
  body: string,
): Readonly<Record<string, string>> | undefined {
  const mediaType = contentType?.split(';')[0]?.trim().toLowerCase();
  if (mediaType === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(body));
  if (mediaType !== 'application/json') return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
    const entries = Object.entries(parsed);
    return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
      ? Object.fromEntries(entries)
      : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 6749, section 2.3.1: both halves are form-encoded before they are joined. */
function parseBasic(
  authorization: string | undefined,
): { readonly clientId: string; readonly clientSecret: string } | undefined {
  const encoded = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) return undefined;
  return { clientId: formDecode(pair.slice(0, colon)), clientSecret: formDecode(pair.slice(colon + 1)) };
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
