/** `docs/reference/annotations.md`: what an Ingress and an IngressClass may say. */

import {
  ANNOTATIONS,
  annotation,
  type AnnotationName,
  type AnnotationRow,
} from '../../src/model/annotations.ts';
import { DEFAULT_CLASS_ANNOTATION, LEGACY_CLASS_ANNOTATION } from '../../src/model/names.ts';
import { code, generatedFrom, page, table } from './markdown.ts';

const HONOURED: readonly (readonly [string, string])[] = [
  [
    LEGACY_CLASS_ANNOTATION,
    'On an Ingress: the deprecated way to name its class. `spec.ingressClassName` is the other.',
  ],
  [DEFAULT_CLASS_ANNOTATION, 'On an IngressClass: `"true"` makes it the class of Ingresses that name none.'],
];

export function renderAnnotations(): string {
  return page(
    generatedFrom('src/model/annotations.ts'),
    '# Annotations',
    'On an Ingress. Any other annotation under `oidc-ingress.io/`, and any value that is not of the form below, is an error: the routes of that Ingress answer 503 `PolicyUnavailable`, and the Ingress has the problem `UnknownAnnotation` or `InvalidAnnotation`. A typo never opens a path. There are no snippets and no templates: a value never becomes code or configuration of anything.',
    table(
      ['annotation', 'form', 'meaning', 'example'],
      (Object.entries(ANNOTATIONS) as [AnnotationName, AnnotationRow][]).map(([name, row]) => [
        code(annotation(name)),
        row.form,
        row.description,
        row.example.split('\n').map(code).join(' and on the next line '),
      ]),
    ),
    'Of Kubernetes, honoured too:',
    table(
      ['annotation', 'meaning'],
      HONOURED.map(([name, meaning]) => [code(name), meaning]),
    ),
  );
}
