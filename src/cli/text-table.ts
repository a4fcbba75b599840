/** Rows as aligned columns under a heading, for people; control characters cannot reach the terminal. */
export function textTable(heading: string[], rows: string[][]): string {
  const all = [heading, ...rows].map((row) => row.map(plain));
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

// Platforms are named by whoever registered them.
function plain(cell: string): string {
  return cell.replace(/\p{Cc}|\p{Cf}/gu, ' ');
}
