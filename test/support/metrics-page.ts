/** Reads pages of the Prometheus exposition format. */

/** Values by series, such as `up{job="a"}`; labels are in the order of the page. */
export function seriesOf(page: string): ReadonlyMap<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** Names of metrics, as `# TYPE` has them. */
export function metricNamesOf(page: string): readonly string[] {
  return [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
}
