/** Patterns of the claim operator `Matches`, tested in linear time. */

export type CompiledPattern =
  | { readonly kind: 'valid'; readonly test: (input: string) => boolean }
  | { readonly kind: 'invalid'; readonly fault: string };

export declare function compilePattern(text: string): CompiledPattern;
