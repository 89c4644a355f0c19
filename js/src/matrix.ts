/** Numbers of a confusion matrix. Pure. */

/** Each row as shares of its sum; 0 where that is not positive. */
export function byRow(counts: readonly (readonly number[])[]): number[][] {
  return counts.map((row) => {
    const sum = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => (sum > 0 ? count / sum : 0));
  });
}
