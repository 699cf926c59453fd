/** The scanner that the architecture test relies on must see every way to import and to reach a global. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { globalsIn, importsOf } from '../support/source-scan.ts';

const IMPORTS = [
  { name: 'named', given: "import { a, type B as C } from './x.ts';", want: [['./x.ts', 'a', 'B']] },
  { name: 'over several lines', given: "import {\n  a,\n  b,\n} from 'x';", want: [['x', 'a', 'b']] },
  { name: 'of types', given: "import type { A } from './x.ts';", want: [['./x.ts', 'A']] },
  { name: 'of a default', given: "import a from 'x';", want: [['x', '*']] },
  { name: 'of a namespace', given: "import * as a from 'x';", want: [['x', '*']] },
  { name: 'for effect', given: "import './x.ts';", want: [['./x.ts', '*']] },
  { name: 're-exported', given: "export { a } from './x.ts';", want: [['./x.ts', 'a']] },
  { name: 're-exported as a whole', given: "export * from './x.ts';", want: [['./x.ts', '*']] },
  { name: 'dynamic', given: "const { a } = await import('./x.ts');", want: [['./x.ts', '*']] },
  { name: 'of a type in place', given: "let a: import('./x.ts').A;", want: [['./x.ts', '*']] },
  { name: 'computed', given: 'await import(place);', want: [['computed: place', '*']] },
  { name: 'commented out', given: "// import { a } from './x.ts';\n/* import './y.ts'; */", want: [] },
  { name: 'beside an export', given: "export const a = 1;\nexport type B = 'x';", want: [] },
] as const;

for (const { name, given, want } of IMPORTS) {
  test(`finds an import ${name}`, () => {
    assert.deepEqual(
      importsOf(given).map(({ specifier, names }) => [specifier].concat(names)),
      want,
    );
  });
}

const GLOBALS = [
  { name: 'a call', given: 'setTimeout(f, 1);', want: ['setTimeout'] },
  { name: 'a member', given: 'const at = Date.now();', want: ['Date.now'] },
  { name: 'the time of construction', given: 'const at = new Date();', want: ['new Date()'] },
  { name: 'a call in a template', given: 'const a = `${fetch(b)}`;', want: ['fetch'] },
  { name: 'a pure member', given: "const at = Date.parse('2026');", want: [] },
  { name: 'a date that is given', given: 'const at = new Date(atMs);', want: [] },
  { name: 'a property of the same name', given: 'this.fetch(); options.process;', want: [] },
  { name: 'a key of the same name', given: 'const a = { fetch: b }; type C = { process?: D };', want: [] },
  { name: 'a comment', given: '// fetch\n/** process */', want: [] },
  { name: 'a string', given: 'const a = \'fetch\' + "process" + `fetch`;', want: [] },
  {
    name: 'an expression with quotes',
    given: 'const a = /[\'"`]/; fetch(a); const b = /[\'"`]/;',
    want: ['fetch'],
  },
] as const;

for (const { name, given, want } of GLOBALS) {
  test(`judges globals in ${name}`, () => {
    assert.deepEqual(globalsIn(given, ['Date.now', 'new Date()', 'setTimeout', 'fetch', 'process']), want);
  });
}
