/** The methods of HTTP that telemetry calls by their names: others are made up by callers, and there is no end to them. */

export const METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
];
