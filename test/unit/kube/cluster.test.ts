/** Where the API server is found, and which credentials go with a request. */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { openCluster } from '../../../src/kube/cluster.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a kubeconfig', () => {
  let directory: string;
  let count = 0;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'oidc-ingress-test-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  async function write(content: string): Promise<string> {
    count += 1;
    const path = join(directory, `file-${count}`);
    await writeFile(path, content, { mode: 0o700 });
    return path;
  }

  const config = (user: object, cluster: object = { server: 'https://api.example.com:6443/prefix' }) =>
    write(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );

  it('gives the server and a token', async () => {
    const access = await openCluster(await config({ token: 'T' }));
    assert.equal(access.server.href, 'https://api.example.com:6443/prefix');
    assert.deepEqual((await access.authorize()).headers, { Authorization: 'Bearer T' });
  });

  it('gives certificates, also of the server', async () => {
    const cluster = {
      server: 'https://api.example.com',
      'certificate-authority-data': base64('CA'),
      'tls-server-name': 'kube',
    };
    const user = { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') };
    const { tls, agent } = await (await openCluster(await config(user, cluster))).authorize();
    assert.deepEqual(
      [tls.ca, tls.cert, tls.key],
      ['CA', 'CERT', 'KEY'].map((pem) => Buffer.from(pem)),
    );
    assert.equal(tls.servername, 'kube');
    assert.equal(tls.rejectUnauthorized, undefined);
    assert.equal(agent, undefined);
  });

  it('gives user name and password', async () => {
    const access = await openCluster(await config({ username: 'me', password: 'pw' }));
    assert.equal((await access.authorize()).auth, 'me:pw');
  });

  it('is read anew when the server refuses its credentials', async () => {
    const path = await config({ token: 'old' });
    const access = await openCluster(path);
    await writeFile(path, (await readFile(path, 'utf8')).replace('old', 'new'));
    assert.deepEqual((await access.authorize()).headers, { Authorization: 'Bearer old' });
    access.reload();
    assert.deepEqual((await access.authorize()).headers, { Authorization: 'Bearer new' });
    // Half written.
    await writeFile(path, '{"users": [');
    access.reload();
    assert.deepEqual((await access.authorize()).headers, { Authorization: 'Bearer new' });
  });

  it('may name a file with the token, which is read for each request and goes before a token', async () => {
    const file = await write('T1\n');
    const access = await openCluster(await config({ tokenFile: basename(file), token: 'old' }));
    assert.deepEqual((await access.authorize()).headers, { Authorization: 'Bearer T1' });
    await writeFile(file, 'T2');
    assert.deepEqual((await access.authorize()).headers, { Authorization: 'Bearer T2' });
  });

  const plugin = (command: string) =>
    config({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command } });

  it('may name a program that gives the token', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'T' },
    };
    const command = await write(`#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
    const access = await openCluster(await plugin(command));
    assert.deepEqual((await access.authorize()).headers, { Authorization: 'Bearer T' });
  });

  it('never shows what such a program printed', async () => {
    const access = await openCluster(await plugin(await write('#!/bin/sh\necho hunter2\n')));
    await assert.rejects(access.authorize(), { message: 'kubeconfig: the exec plugin must print JSON' });
  });

  it('must be there', async () => {
    const path = join(directory, 'nowhere');
    await assert.rejects(openCluster(path), { message: `--kubeconfig: there is no file "${path}"` });
  });

  it('is not quoted where it is not YAML: it holds tokens', async () => {
    const path = await write('users: [{user: {token: hunter2}}\n');
    await assert.rejects(openCluster(path), { message: `--kubeconfig: "${path}" is not valid YAML` });
  });

  it('must be there when KUBECONFIG names it', async (test) => {
    const before = process.env['KUBECONFIG'];
    test.after(() => {
      if (before === undefined) delete process.env['KUBECONFIG'];
      else process.env['KUBECONFIG'] = before;
    });
    const path = join(directory, 'nowhere');
    process.env['KUBECONFIG'] = path;
    await assert.rejects(openCluster(undefined), { message: `KUBECONFIG: there is no file "${path}"` });
  });

  const broken: readonly { name: string; content: object; want: string }[] = [
    {
      name: 'names no cluster',
      content: {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [],
        users: [],
        contexts: [],
        'current-context': 'x',
      },
      want: 'kubeconfig: the current context "x" names no cluster',
    },
    {
      name: 'says nothing',
      content: {},
      want: 'kubeconfig: current-context must be set',
    },
    {
      name: 'has a server that is no URL',
      content: {
        clusters: [{ name: 'c', cluster: { server: 'api:6443x' } }],
        users: [{ name: 'u', user: {} }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      },
      want: 'kubeconfig: server "api:6443x" must be an http or https URL',
    },
  ];
  for (const { name, content, want } of broken) {
    it(`is refused where it ${name}`, async () => {
      await assert.rejects(openCluster(await write(JSON.stringify(content))), { message: want });
    });
  }
});
