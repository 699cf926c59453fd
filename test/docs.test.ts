/** The documentation is held to the code: examples decode, commands and links exist, names and numbers are right. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

import { parseAllDocuments } from 'yaml';

import { openApiSchema, type SchemaNode } from '../build/generate/structural.ts';
import { CHECK_FLAGS, DEV_FLAGS, EXPLAIN_FLAGS, VALIDATE_FLAGS } from '../src/config/commands.ts';
import { environmentName } from '../src/config/flags.ts';
import { SERVE_FLAGS } from '../src/config/serve.ts';
import { decodeObject } from '../src/decode/decode-object.ts';
import { parseDuration } from '../src/model/duration.ts';
import { INGRESS_ANNOTATIONS } from '../src/model/annotations.ts';
import { CONDITION_REASONS } from '../src/model/conditions.ts';
import { FURTHER_REASONS, PROBLEM_REASONS } from '../src/model/problems.ts';
import { REASONS } from '../src/model/reasons.ts';
import { lifetimeOf } from '../src/oauth/lifetimes.ts';
import { policySpecSchema } from '../src/policy/schema.ts';
import { CONTROL_METRICS, PROXY_METRICS } from '../src/telemetry/metric-table.ts';
import { blocksOf, codeIn, readPages, rowsOf, shellLinesOf, type Page } from './support/markdown.ts';

const PAGES = readPages();
const PAGES_BY_PATH = new Map(PAGES.map((page) => [page.path, page]));

const FLAGS: Readonly<Record<string, object>> = {
  serve: SERVE_FLAGS,
  validate: VALIDATE_FLAGS,
  explain: EXPLAIN_FLAGS,
  check: CHECK_FLAGS,
  dev: DEV_FLAGS,
  version: {},
};
/** Environment variables that are no flags. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['OIDC_INGRESS_CLIENT_SECRET']);

const METRICS: readonly string[] = [PROXY_METRICS, CONTROL_METRICS].flatMap((metrics) =>
  Object.values(metrics).map(({ name }) => name),
);

const CURL = /^curl(?: -[uHdX] (?:"[^"]*"|'[^']*'|[\w:-]+)| -[sS]+i?| -i)* "?https?:\/\/\S+$/;

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

function pageAt(path: string): Page {
  const page = PAGES_BY_PATH.get(path);
  assert.ok(page !== undefined, `${path} is missing`);
  return page;
}

/** Every field of OIDCPolicy.spec, as documentation writes it: `upstream.claimHeaders`. */
function* fieldPaths(node: SchemaNode, path: string): Generator<string> {
  if (path !== '') yield path;
  for (const branch of [node, ...(node.items === undefined ? [] : [node.items]), ...(node.anyOf ?? [])]) {
    for (const [name, field] of Object.entries(branch.properties ?? {})) {
      yield* fieldPaths(field, path === '' ? name : `${path}.${name}`);
    }
  }
}
const POLICY = openApiSchema(policySpecSchema);
const POLICY_FIELDS = new Set(fieldPaths(POLICY, ''));
const POLICY_GROUPS = Object.keys(POLICY.properties ?? {});

for (const page of PAGES) {
  test(`the manifests in ${page.path} decode without a fault`, () => {
    for (const block of blocksOf(page, 'yaml')) {
      for (const document of parseAllDocuments(block)) {
        assert.deepEqual(document.errors, []);
        const object = decodeObject(document.toJS());
        assert.ok('decoded' in object, `not an object that the gateway reads:\n${block}`);
        assert.deepEqual(object.decoded.kind === 'invalid' ? object.decoded.faults : [], []);
      }
    }
  });

  test(`the commands in ${page.path} exist, with their flags`, () => {
    for (const { command } of shellLinesOf(page)) {
      const [, name, rest = ''] =
        /^(?:npm run -s oidc-ingress --|oidc-ingress) (\S+)(.*)$/.exec(command) ?? [];
      if (name === undefined) continue;
      const known = FLAGS[name];
      assert.ok(known !== undefined, `no command ${name}: ${command}`);
      for (const [, flag = ''] of rest.matchAll(/\s--([a-z][a-z-]*)/g)) {
        assert.ok(Object.hasOwn(known, flag) || flag === 'help', `--${flag} in: ${command}`);
      }
    }
    for (const [, script = ''] of page.text.matchAll(/\bnpm run (?:-s )?([a-z:-]+)/g)) {
      assert.ok(Object.hasOwn(scripts, script), `npm run ${script}`);
    }
    const flags = new Set(Object.values(FLAGS).flatMap((table) => Object.keys(table)));
    for (const word of codeIn(page)) {
      const [, flag] = /^--([a-z][a-z-]*)/.exec(word) ?? [];
      assert.ok(flag === undefined || flags.has(flag) || flag === 'help', word);
    }
  });

  test(`the curl lines in ${page.path} are well-formed and say what really happens`, () => {
    for (const { command, comment } of shellLinesOf(page)) {
      if (!command.startsWith('curl')) continue;
      assert.match(command, CURL);
      const [, status, reason] = /^(\d{3})(?: ([A-Z][A-Za-z]+))?/.exec(comment) ?? [];
      if (reason !== undefined) assert.equal(statusOf(reason), Number(status), command);
    }
  });

  test(`the files that ${page.path} tells to apply exist`, () => {
    for (const { command } of shellLinesOf(page)) {
      if (!command.startsWith('kubectl apply')) continue;
      for (const [, file = ''] of command.matchAll(/ -f (\S+)/g)) assert.ok(existsSync(file), file);
    }
    for (const word of codeIn(page)) {
      if (!/^(?:src|test|docs|deploy|crds|examples|build|cmd)\/[\w./-]*$/.test(word)) continue;
      assert.ok(existsSync(word), word);
    }
  });

  test(`the links in ${page.path} lead somewhere`, () => {
    for (const [, target = '', anchor] of page.text.matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)) {
      if (/^https?:/.test(target)) continue;
      const path = target === '' ? page.path : normalize(join(dirname(page.path), target));
      assert.ok(existsSync(path), `${target} in ${page.path}`);
      if (anchor === undefined) continue;
      assert.ok(anchorsOf(pageAt(path)).has(anchor), `#${anchor} in ${path}`);
    }
  });

  test(`the reasons, fields, metrics, annotations and variables in ${page.path} exist`, () => {
    for (const [, status, reason = ''] of page.prose.matchAll(/\b(\d{3}) `([A-Z][A-Za-z]+)`/g)) {
      assert.equal(statusOf(reason), Number(status), `${status} ${reason}`);
    }
    for (const [name] of page.text.matchAll(/\boidc_ingress_[a-z_]*[a-z]/g)) {
      const base = name.replace(/_(?:bucket|count|sum)$/, '');
      assert.ok(METRICS.includes(name) || METRICS.includes(base), name);
    }
    for (const [name] of page.text.matchAll(/\bOIDC_INGRESS_[A-Z_]*[A-Z]/g)) {
      const isFlag = Object.values(FLAGS).some((table) =>
        Object.keys(table).some((flag) => environmentName(flag) === name),
      );
      assert.ok(isFlag || OTHER_VARIABLES.has(name), name);
    }
    for (const [name] of page.text.matchAll(
      /\boidc-ingress\.io\/(?!v1alpha1|controller|docs)[a-z][a-z-]*/g,
    )) {
      assert.ok(INGRESS_ANNOTATIONS.includes(name), name);
    }
    for (const word of codeIn(page)) {
      const [, path = '', group = ''] = /^(([a-zA-Z]+)\.[a-zA-Z.]+)(?:: .*)?$/.exec(word) ?? [];
      if (POLICY_GROUPS.includes(group)) assert.ok(POLICY_FIELDS.has(path), word);
    }
  });
}

function statusOf(reason: string): number | undefined {
  return Object.entries(REASONS).find(([name]) => name === reason)?.[1].status;
}

/** As GitHub makes them from headings, and those that stand in the text. */
function anchorsOf(page: Page): ReadonlySet<string> {
  const headings = [...page.prose.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  const named = [...page.text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id);
  return new Set([...headings, ...named]);
}

const REFERENCES: readonly {
  readonly page: string;
  readonly rows: RegExp;
  readonly want: readonly string[];
}[] = [
  {
    page: 'reasons',
    rows: /^[A-Z]/,
    want: Object.entries(REASONS).map(([reason, { status }]) => `${reason} ${status}`),
  },
  {
    page: 'problems',
    rows: /^[A-Z]/,
    want: Object.entries({ ...PROBLEM_REASONS, ...FURTHER_REASONS }).map(
      ([reason, severity]) => `${reason} ${severity}`,
    ),
  },
  {
    page: 'conditions',
    rows: /^[A-Z]/,
    want: Object.values(CONDITION_REASONS).flatMap((reasons) =>
      Object.entries(reasons).map(([reason, status]) => `${reason} ${status}`),
    ),
  },
  { page: 'metrics', rows: /^oidc_ingress_/, want: METRICS },
  { page: 'annotations', rows: /^oidc-ingress\.io\//, want: INGRESS_ANNOTATIONS },
];

for (const { page, rows, want } of REFERENCES) {
  test(`the reference of ${page} lists exactly the ${page} of the code`, () => {
    const withSecondCell = /^(?:reasons|problems|conditions)$/.test(page);
    const listed = rowsOf(pageAt(`docs/reference/${page}.md`), rows).map((cells) => {
      const [first = '', second = '', meaning, remedy] = cells;
      if (!withSecondCell) return first;
      assert.ok(meaning !== '' && remedy !== '', `${first} is not explained`);
      return `${first} ${second}`;
    });
    assert.deepEqual(sorted(listed), sorted(want));
  });
}

test('the reference of the policy lists exactly its fields', () => {
  const page = pageAt('docs/reference/policy.md');
  const [spec = ''] = page.text.split('\n## status');
  const listed = rowsOf({ ...page, text: spec }, /^[a-z]/)
    .map(([field = '']) => field.replaceAll('[]', ''))
    .filter((field) => field !== 'field');
  const grouped = [...spec.matchAll(/^### ([a-zA-Z]+)$/gm)].map(([, name = '']) => name);
  assert.deepEqual(sorted([...listed, ...grouped]), sorted([...POLICY_FIELDS]));
});

function sorted(texts: readonly string[]): readonly string[] {
  return texts.toSorted((a, b) => a.localeCompare(b));
}

test('every flag is in the reference of flags', () => {
  const { text } = pageAt('docs/reference/flags.md');
  for (const [command, table] of Object.entries(FLAGS)) {
    for (const flag of Object.keys(table)) {
      const [, section = ''] = text.split(`## oidc-ingress ${command}\n`);
      assert.match(section.split('\n## ')[0] ?? '', new RegExp(`^\\| \`--${flag}[ \`]`, 'm'));
    }
  }
});

test('the table of what a client costs is what the cache does', () => {
  const monthMs = 30 * 24 * 3_600_000;
  const rows = rowsOf(pageAt('docs/explanation/caching-cost-rotation.md'), /^\d+[mh]$/);
  assert.ok(rows.length >= 5);
  for (const [lifetime = '', settings = '', tokens] of rows) {
    const { maxTtl, revalidateAfter } = Object.fromEntries(
      settings.split(', ').map((setting) => setting.split(': ')),
    ) as Readonly<Record<string, string | undefined>>;
    const { refreshFromMs } = lifetimeOf({
      expiresAtMs: parseDuration(lifetime) ?? Number.NaN,
      expiresInSeconds: undefined,
      nowMs: 0,
      cache: {
        maxTtlMs: maxTtl === undefined ? undefined : parseDuration(maxTtl),
        revalidateAfterMs: revalidateAfter === undefined ? undefined : parseDuration(revalidateAfter),
        refreshBeforeMs: 60_000,
        rejectedTtlMs: 10_000,
        forbiddenTtlMs: 60_000,
      },
      random: 0,
    });
    assert.equal(Math.ceil(monthMs / refreshFromMs), Number(tokens), `${lifetime} ${settings}`);
  }
});

test('the README names the two commands to begin with', () => {
  const lines = shellLinesOf(pageAt('README.md')).map(({ command }) => command);
  assert.deepEqual(lines.slice(0, 2), ['npm ci && npm run demo', 'npm ci && npm test']);
});

test('the README says when, on what and with which versions its table of costs was measured', () => {
  const page = pageAt('README.md');
  assert.match(
    page.text,
    /by `npm run bench` on \d{1,2} [A-Z][a-z]+ 20\d\d: a .+ machine with .+ cores, Node [\d.]+, nginx [\d.]+, HAProxy [\d.]+, http-proxy-3 [\d.]+,/,
  );
  const rows = rowsOf(page, /^(?:nginx|HAProxy|http-proxy-3|oidc-ingress)\b/);
  const subjects = rows.map(([subject = '']) => subject.split(/[, ]/)[0]);
  assert.deepEqual(new Set(subjects), new Set(['nginx', 'HAProxy', 'http-proxy-3', 'oidc-ingress']));
  for (const [subject = '', ...figures] of rows) {
    assert.equal(figures.length, 2, subject);
    for (const figure of figures) assert.match(figure, /^\d+(?:\.\d+)?$/, subject);
  }
});
