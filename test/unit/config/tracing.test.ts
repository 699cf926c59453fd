/** What the environment variables of OpenTelemetry ask for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tracingFrom } from '../../../src/config/tracing.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

for (const { name, given, want } of [
  {
    name: 'without an endpoint nothing is recorded',
    given: { OTEL_SERVICE_NAME: 'gateway' },
    want: undefined,
  },
  { name: 'an empty endpoint is none', given: { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, want: undefined },
  {
    name: 'an endpoint switches tracing on, and the caller decides where it may',
    given: ENDPOINT,
    want: { ratio: 1, followsCaller: true },
  },
  {
    name: 'an endpoint for traces alone will do',
    given: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces' },
    want: { ratio: 1, followsCaller: true },
  },
  { name: 'the SDK can be disabled', given: { ...ENDPOINT, OTEL_SDK_DISABLED: 'true' }, want: undefined },
  {
    name: 'traces can have no exporter',
    given: { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
    want: undefined,
  },
  {
    name: 'one in ten, whatever the caller does',
    given: { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' },
    want: { ratio: 0.1, followsCaller: false },
  },
  {
    name: 'one in ten of those whose caller has no say',
    given: { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' },
    want: { ratio: 0.1, followsCaller: true },
  },
  {
    name: 'a ratio is 1 unless given',
    given: { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio' },
    want: { ratio: 1, followsCaller: false },
  },
  {
    name: 'only what trusted callers record',
    given: { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'parentbased_always_off' },
    want: { ratio: 0, followsCaller: true },
  },
]) {
  test(name, () => {
    assert.deepEqual(tracingFrom(given)?.sampling, want);
  });
}

for (const { name, given, want } of [
  {
    name: 'an endpoint that is no URL, without repeating it',
    given: { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:s3cret@4317' },
    want: 'OTEL_EXPORTER_OTLP_ENDPOINT: must be an http or https URL',
  },
  {
    name: 'gRPC',
    given: { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    want: 'OTEL_EXPORTER_OTLP_PROTOCOL: must be http/json or http/protobuf, found "grpc"',
  },
  {
    name: 'an unknown sampler',
    given: { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'jaeger_remote' },
    want: 'OTEL_TRACES_SAMPLER: must be always_on, always_off or traceidratio, also after parentbased_, found "jaeger_remote"',
  },
  {
    name: 'a ratio above 1',
    given: { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '10' },
    want: 'OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1, found "10"',
  },
]) {
  test(`refuses ${name}`, () => {
    assert.throws(() => tracingFrom(given), { message: want });
  });
}
