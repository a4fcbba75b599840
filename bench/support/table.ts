/** One line of the result. `ok` is null where the line only informs. */
export type Row = { what: string; measured: string; goal?: string; ratio?: string; ok?: boolean };

const HEADINGS = ['What', 'Measured', 'Goal', 'Ratio', 'OK'];

/** The rows as a Markdown table, which reads as well on a terminal. */
export function table(rows: readonly Row[]): string {
  const cells = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => `| ${widths.map((width, i) => (row[i] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  const [head = [], ...body] = cells;
  return [line(head), rule, ...body.map(line)].join('\n');
}

function cellsOf({ what, measured, goal = '', ratio = '', ok }: Row): string[] {
  return [what, measured, goal, ratio, ok === undefined ? '' : ok ? 'ok' : 'NOT'];
}
