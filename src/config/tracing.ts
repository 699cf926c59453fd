/** Whether and how traces are recorded, as the environment variables of OpenTelemetry say. */

import type { Sampling } from '../http/trace-context.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface TracingConfig {
  readonly sampling: Sampling;
}

const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'] as const;
const DEFAULT_SAMPLER = 'parentbased_always_on';

/**
 * `undefined` where no endpoint is set, or tracing is switched off. Where spans go, with which headers and within which
 * time, the exporter reads from the environment itself.
 * @throws a message that names the variable, for values that cannot be used
 */
export function tracingFrom(environment: Environment): TracingConfig | undefined {
  const isOff =
    environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' ||
    environment['OTEL_TRACES_EXPORTER'] === 'none';
  const endpoint = firstOf(ENDPOINTS, environment);
  if (isOff || endpoint === undefined) return undefined;
  // The value is not shown: it may hold a password.
  if (!isHttpUrl(endpoint.value)) throw new Error(`${endpoint.name}: must be an http or https URL`);
  const protocol = firstOf(PROTOCOLS, environment);
  if (protocol?.value === 'grpc') {
    throw new Error(`${protocol.name}: must be http/json or http/protobuf, found "grpc"`);
  }
  return { sampling: samplingFrom(environment) };
}

function samplingFrom(environment: Environment): Sampling {
  const name = environment['OTEL_TRACES_SAMPLER'] || DEFAULT_SAMPLER;
  const followsCaller = name.startsWith('parentbased_');
  switch (name.replace(/^parentbased_/, '')) {
    case 'always_on':
      return { ratio: 1, followsCaller };
    case 'always_off':
      return { ratio: 0, followsCaller };
    case 'traceidratio':
      return { ratio: ratioFrom(environment['OTEL_TRACES_SAMPLER_ARG'] || '1'), followsCaller };
    default:
      throw new Error(
        `OTEL_TRACES_SAMPLER: must be always_on, always_off or traceidratio, also after parentbased_, found ${JSON.stringify(name)}`,
      );
  }
}

function ratioFrom(text: string): number {
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw new Error(`OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1, found ${JSON.stringify(text)}`);
}

/** An empty variable counts as not set, as OpenTelemetry asks. */
function firstOf(names: readonly string[], environment: Environment) {
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined && value !== '') return { name, value };
  }
  return undefined;
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}
