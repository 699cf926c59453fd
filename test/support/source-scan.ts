/** Reads TypeScript sources as far as the architecture test needs: their imports, and the globals they name. */

/** One import, re-export or dynamic import; types count as much as values. */
export interface Import {
  readonly specifier: string;
  /** Imported names before `as`, without `type`; `*` for a namespace, a default or a dynamic import. */
  readonly names: readonly string[];
}

/** Comment, string, template or regular expression: whatever may hold words that are not code. */
const OPAQUE =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[(,=:[!&|?{};>]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;

const STATIC = /^\s*(?:import|export)\s+(?:type\s+)?(?:([^'"();]*?)\s+from\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*(?:'([^']*)'|([^)]*))\s*\)/g;

export function importsOf(source: string): readonly Import[] {
  const code = withoutComments(source);
  return [
    ...[...code.matchAll(STATIC)].map(([, clause = '', specifier = '']) => ({
      specifier,
      names: namesIn(clause),
    })),
    ...[...code.matchAll(DYNAMIC)].map(([, literal, computed]) => ({
      specifier: literal ?? `computed: ${computed}`,
      names: ['*'],
    })),
  ];
}

/** Which of `names` the code uses as globals: neither as property, nor as key, nor in text. */
export function globalsIn(source: string, names: readonly string[]): readonly string[] {
  const code = source.replaceAll(OPAQUE, expressionsIn);
  return names.filter((name) => new RegExp(patternOf(name)).test(code));
}

function patternOf(name: string): string {
  const escaped = name.replaceAll(/[().]/g, '\\s*\\$&\\s*');
  const end = /\w$/.test(name) ? '\\b(?!\\s*\\??:)' : '';
  return `(?<![\\w$.#])${escaped}${end}`;
}

function withoutComments(source: string): string {
  return source.replaceAll(OPAQUE, (text) => (/^\/[/*]/.test(text) ? ' ' : text));
}

/** Of a template only what it computes is code. */
function expressionsIn(text: string): string {
  if (!text.startsWith('`')) return ' ';
  return [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, expression]) => `(${expression})`).join(' ');
}

function namesIn(clause: string): readonly string[] {
  const list = /\{([\s\S]*)\}/.exec(clause)?.[1];
  if (list === undefined) return ['*'];
  return list
    .split(',')
    .map(
      (entry) =>
        entry
          .trim()
          .replace(/^type\s+/, '')
          .split(/\s+as\s+/)[0] ?? '',
    )
    .filter((name) => name !== '');
}
