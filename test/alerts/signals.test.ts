/** Alerts, dashboard, runbook and documentation are held to the metrics that exist, and to one another. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';

import { parse } from 'yaml';
import { z } from 'zod';

import { createAccessLog } from '../../src/telemetry/access-log.ts';
import { CONTROL_METRICS, PROXY_METRICS, type MetricDescription } from '../../src/telemetry/metric-table.ts';
import { createRuntimeMetrics } from '../../src/telemetry/runtime-metrics.ts';
import { codeIn, readPages, rowsOf, type Page } from '../support/markdown.ts';
import { findPromtool, promtool } from '../support/promtool.ts';
import { requestRecord } from '../support/request-records.ts';
import { skipWithout } from '../support/tools.ts';

const ALERTS = 'charts/oidc-ingress/files/alerts.yaml';
const ALERT_TESTS = 'test/alerts/alerts.test.yaml';
const DASHBOARD = 'charts/oidc-ingress/files/dashboard.json';
const RUNBOOK_URL = 'https://oidc-ingress.io/docs/how-to/runbook#';

/** What Prometheus adds by itself, to every target. */
const TARGET_LABELS = ['job', 'instance', 'namespace'];

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.object({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
        }),
      ),
    }),
  ),
});

const dashboardSchema = z.object({
  uid: z.string(),
  templating: z.object({ list: z.array(z.object({ name: z.string(), definition: z.string().optional() })) }),
  panels: z.array(
    z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) }),
  ),
});

const alerts = rulesSchema.parse(parse(readFileSync(ALERTS, 'utf8'))).groups.flatMap(({ rules }) => rules);
const dashboard = dashboardSchema.parse(JSON.parse(readFileSync(DASHBOARD, 'utf8')));
const drawn = dashboard.panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }) => ({ name: title, expr })),
);
const expressions = [
  ...alerts.map(({ alert, expr }) => ({ name: alert, expr })),
  ...drawn,
  ...dashboard.templating.list.map(({ name, definition = '' }) => ({ name, expr: definition })),
];

const OURS: readonly MetricDescription[] = [
  ...Object.values(PROXY_METRICS),
  ...Object.values(CONTROL_METRICS),
];
const METRIC = /\b(?:oidc_ingress|nodejs|process)_[a-z0-9_]+/g;

/** Names of series with their labels: ours as described, those of Node as they are. */
const known = new Map<string, readonly string[]>();
before(async () => {
  for (const { name, type, labels } of OURS) {
    if (type !== 'histogram') known.set(name, labels);
    else {
      known
        .set(`${name}_bucket`, [...labels, 'le'])
        .set(`${name}_sum`, labels)
        .set(`${name}_count`, labels);
    }
  }
  const page = await createRuntimeMetrics('control').metrics();
  for (const [, name = '', labels = ''] of page.matchAll(/^([a-z]\w*)(?:\{([^}]*)\})? /gm)) {
    known.set(
      name,
      [...labels.matchAll(/(\w+)=/g)].map(([, label = '']) => label),
    );
  }
  // Whether there was garbage to collect yet is chance.
  for (const part of ['bucket', 'sum', 'count'])
    known.set(`nodejs_gc_duration_seconds_${part}`, ['thread', 'kind']);
});

function pageAt(path: string): Page {
  return readPages().find((page) => page.path === path) ?? assert.fail(`${path} is missing`);
}

function sorted(names: Iterable<string>): readonly string[] {
  return [...new Set(names)].toSorted((a, b) => a.localeCompare(b));
}

describe('alerts and dashboard', () => {
  it('use only metrics that exist, with labels that they have', () => {
    const faults = expressions.flatMap(({ name, expr }) => [
      ...(expr.match(METRIC) ?? [])
        .filter((metric) => !known.has(metric))
        .map((metric) => `${name}: ${metric}`),
      ...[...expr.matchAll(/\b([a-z]\w+)\{([^}]*)\}/g)].flatMap(([, metric = '', selector = '']) =>
        [...selector.matchAll(/(\w+)(?:=|!)/g)]
          .map(([, label = '']) => label)
          .filter((label) => ![...TARGET_LABELS, ...(known.get(metric) ?? [])].includes(label))
          .map((label) => `${name}: ${metric}{${label}}`),
      ),
    ]);
    assert.deepEqual(faults, []);
  });

  it('group by labels that the metrics of the expression have', () => {
    const faults = expressions.flatMap(({ name, expr }) => {
      const labels = (expr.match(METRIC) ?? []).flatMap((metric) => known.get(metric) ?? []);
      return [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)]
        .flatMap(([, list = '']) => list.split(', '))
        .filter((label) => ![...TARGET_LABELS, ...labels].includes(label))
        .map((label) => `${name}: ${label}`);
    });
    assert.deepEqual(faults, []);
  });

  it('leave no metric of ours unseen', () => {
    const seen = new Set(
      drawn
        .flatMap(({ expr }) => expr.match(METRIC) ?? [])
        .map((name) => name.replace(/_(?:bucket|sum|count)$/, '')),
    );
    assert.deepEqual(
      OURS.map(({ name }) => name).filter((name) => !seen.has(name)),
      [],
    );
  });

  it('have names of their own', () => {
    for (const names of [alerts.map(({ alert }) => alert), dashboard.panels.map(({ title }) => title)]) {
      assert.equal(new Set(names).size, names.length);
    }
  });
});

describe('the runbook', () => {
  it('has a section for every alert and an alert for every section, each with meaning, check and cure', () => {
    const { text } = pageAt('docs/how-to/runbook.md');
    const sections = text.split(/^## /m).slice(1);
    assert.deepEqual(
      sections.map((section) => section.split('\n')[0]),
      alerts.map(({ alert }) => alert),
    );
    for (const section of sections) {
      const parts = [...section.matchAll(/^\*\*(\w+)\.\*\* \S/gm)].map(([, part]) => part);
      assert.deepEqual(parts, ['Meaning', 'Check', 'Cure'], section);
    }
  });

  it('is where every alert points', () => {
    for (const { alert, annotations } of alerts) {
      assert.equal(annotations.runbook_url, RUNBOOK_URL + alert.toLowerCase());
    }
  });
});

describe('the page on observing', () => {
  it('has every field of the access log, and no other', () => {
    let line = '';
    const log = createAccessLog((bytes) => (line += Buffer.from(bytes).toString()), {
      mode: 'all',
      oneIn: 1,
    });
    const trace = { traceId: 't', callerSpanId: undefined, spans: undefined, traceparent: undefined };
    log?.record(requestRecord({ trace, reason: 'UpstreamTimeout', cause: 'c' }));
    log?.flush();
    const { msg: _msg, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const page = pageAt('docs/how-to/observe.md');
    const [, table = ''] = /\| field \| meaning \|\n\|---\|---\|\n((?:\|.*\n)*)/.exec(page.text) ?? [];
    const rows = rowsOf({ ...page, text: table }, /./);
    const documented = rows.flatMap(([names = '']) => names.split(', '));
    assert.deepEqual(sorted(documented), sorted(Object.keys(fields)));
  });

  it('has expressions with metrics that exist', () => {
    const used = codeIn(pageAt('docs/how-to/observe.md')).flatMap((code) => code.match(METRIC) ?? []);
    assert.ok(used.length > 0);
    for (const name of used) assert.ok(known.has(name), name);
  });
});

describe('promtool', { skip: skipWithout(findPromtool()) }, () => {
  it('finds no fault in the alerts', async () => {
    assert.match(await promtool('check', 'rules', ALERTS), new RegExp(`${alerts.length} rules found`));
  });

  it('sees every alert fire when it should, and none of a healthy gateway', async () => {
    const fired = [...readFileSync(ALERT_TESTS, 'utf8').matchAll(/alertname="(\w+)"/g)].map(
      ([, name = '']) => name,
    );
    assert.deepEqual(sorted(fired), sorted(alerts.map(({ alert }) => alert)));
    assert.match(await promtool('test', 'rules', ALERT_TESTS), /SUCCESS/);
  });

  it('can read every expression of the dashboard', async () => {
    const rules = drawn.map(({ expr }, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(?:job|namespace)/g, '.*'),
    }));
    const directory = mkdtempSync(join(tmpdir(), 'oidc-ingress-dashboard-'));
    try {
      const file = join(directory, 'rules.json');
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
      assert.match(await promtool('check', 'rules', file), new RegExp(`${rules.length} rules found`));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
