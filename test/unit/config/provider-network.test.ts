/** What flags and environment say of the way to providers. */

import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';

import { providerNetwork, proxyFaults } from '../../../src/config/provider-network.ts';
import { formatFault } from '../../../src/model/faults.ts';

const NONE = { httpsProxy: undefined, httpProxy: undefined, noProxy: undefined };

const CASES = [
  { name: 'nothing', given: {}, want: NONE },
  {
    name: 'names in capitals',
    given: { HTTPS_PROXY: 'http://s', HTTP_PROXY: 'http://h', NO_PROXY: 'a.com' },
    want: { httpsProxy: 'http://s', httpProxy: 'http://h', noProxy: 'a.com' },
  },
  {
    name: 'names in small letters',
    given: { https_proxy: 'http://s' },
    want: { ...NONE, httpsProxy: 'http://s' },
  },
  {
    name: 'both, of which capitals win',
    given: { NO_PROXY: 'a.com', no_proxy: 'b.com' },
    want: { ...NONE, noProxy: 'a.com' },
  },
];
for (const { name, given, want } of CASES) {
  test(`the proxy to providers is taken from ${name}`, () => {
    const flags = { 'allow-insecure-issuers': false, 'allow-provider-cidrs': new BlockList() };
    assert.deepEqual(providerNetwork(flags, given).proxy, want);
  });
}

test('the flags open what a provider may be', () => {
  const blocks = new BlockList();
  const flags = { 'allow-insecure-issuers': true, 'allow-provider-cidrs': blocks };
  const { allowInsecureIssuers, allowedBlocks } = providerNetwork(flags, {});
  assert.deepEqual([allowInsecureIssuers, allowedBlocks === blocks], [true, true]);
});

const PROXIES = [
  { name: 'none', given: {}, want: [] },
  { name: 'one that is switched off', given: { HTTPS_PROXY: '' }, want: [] },
  { name: 'one by http', given: { HTTPS_PROXY: 'http://proxy.example.com:3128' }, want: [] },
  {
    name: 'one without a scheme',
    given: { HTTPS_PROXY: 'proxy:3128' },
    want: [
      'HTTPS_PROXY: must be an http or https URL such as http://proxy.example.com:3128, found "proxy:3128"',
    ],
  },
  {
    name: 'one of SOCKS, whose password is not repeated',
    given: { http_proxy: 'socks5://id:pw@proxy:1080' },
    want: [
      'http_proxy: must be an http or https URL such as http://proxy.example.com:3128, found "socks5://[redacted]@proxy:1080"',
    ],
  },
];
for (const { name, given, want } of PROXIES) {
  test(`of proxies there may be ${name}, or it is told`, () => {
    assert.deepEqual(proxyFaults(given).map(formatFault), want);
  });
}
