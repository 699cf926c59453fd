/** The order of versions of objects. */

const DECIMAL = /^[0-9]+$/;

/**
 * Whether `version` is older than `than`, both of one kind. Versions are decimal numbers that may be compared since
 * Kubernetes 1.35, and always have been in etcd; any other text is not older than anything.
 */
export function isOlder(version: string, than: string): boolean {
  if (!DECIMAL.test(version) || !DECIMAL.test(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}
