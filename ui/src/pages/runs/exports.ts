/** What a run can be exported to: the ending, its name, and what it is for. */

export const EXPORTS = [
  ['csv', 'CSV', 'one row per round'],
  ['json', 'JSON', 'the complete document'],
  ['md', 'Markdown', 'the report as text, to paste'],
  ['html', 'Report', 'one page with charts, to send'],
  ['parquet', 'Parquet', 'one row per round, for analysis'],
  ['pytest-benchmark', 'pytest-benchmark', 'for its compare command'],
] as const;
