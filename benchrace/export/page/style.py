"""The style sheet of a report: for screens of all widths, both themes, and paper."""

from benchrace.export.drawing.palette import rules

STYLE = f"""
:root {{ color-scheme: light dark; {rules()} }}
* {{ box-sizing: border-box }}
body {{ margin: 0 auto; max-width: 68rem; padding: 1.5rem clamp(1rem, 4vw, 2rem) 3rem;
  background: var(--surface); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere }}
h1, h2, h3, p, dl, dd, ul {{ margin: 0 }}
h1 {{ font-size: 1.3rem; font-weight: 600 }}
h2 {{ margin: 2.2rem 0 .6rem; font-size: 1.1rem }}
h3 {{ margin: 1.2rem 0 .4rem; font-size: .95rem }}
.soft {{ color: var(--ink-soft); font-size: .85rem }}
.head {{ display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .2rem 2rem;
  margin: 1.2rem 0 1rem }}
.outcome, .figure {{ font-size: clamp(1.7rem, 5vw, 2.8rem); font-weight: 700; line-height: 1.15 }}
.margin {{ text-align: right }}
.doubt {{ display: inline-block; margin-top: .4rem; border-left: .25rem solid; padding-left: .6rem;
  font-size: .9rem }}
.high {{ color: var(--ink-soft) }} .medium {{ color: var(--warn) }} .low {{ color: var(--bad) }}
.rows {{ display: grid; grid-template-columns: minmax(6rem, 14rem) minmax(8rem, 1fr) auto auto;
  gap: .5rem 1rem; align-items: center }}
.row {{ display: contents }}
.rows strong {{ white-space: nowrap; text-align: right }} .share {{ text-align: right }}
.label {{ font-weight: 600 }}
svg {{ display: block; width: 100%; overflow: visible }}
.plot {{ margin: 0; padding: .4rem .4rem 0 }}
.ends {{ display: flex; justify-content: space-between; gap: 1rem }}
.ends.across {{ grid-column: 2 / 3; white-space: nowrap }}
.legend {{ display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .4rem 0; padding: 0;
  list-style: none; font-size: .85rem }}
.legend svg {{ display: inline-block; width: 1.6rem; margin-right: .4rem }}
.warnings {{ border-left: .25rem solid var(--warn); padding-left: 2rem }}
.scroll {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-size: .85rem }}
th, td {{ border-bottom: 1px solid var(--hairline); padding: .3rem 1rem .3rem 0; text-align: left;
  vertical-align: top; overflow-wrap: break-word }}
td {{ max-width: 24rem }}
dl {{ display: grid; grid-template-columns: 7rem 1fr; gap: .1rem 1rem; font-size: .85rem }}
dt {{ color: var(--ink-soft) }}
details {{ border-bottom: 1px solid var(--hairline) }}
summary {{ cursor: pointer; padding: .45rem 0; font-weight: 600 }}
@media (width < 40rem) {{
  .head, .rows {{ display: block }}
  .row {{ display: flex; flex-wrap: wrap; gap: 0 .8rem; align-items: baseline;
    margin-bottom: .7rem }}
  .label {{ flex: 1 1 11rem }}
  .row .track {{ order: 1; flex: 0 0 100%; margin-top: .2rem }}
  .margin {{ text-align: left }}
}}
@media print {{
  @page {{ margin: 14mm }}
  :root {{ color-scheme: light; print-color-adjust: exact; -webkit-print-color-adjust: exact }}
  body {{ max-width: none; padding: 0; font-size: 10pt }}
  .scroll {{ overflow: visible }}
  th, td {{ padding-right: .6rem; overflow-wrap: anywhere }}
  .chart, .head, .rows, tr, figure {{ break-inside: avoid }}
  h2, h3, summary {{ break-after: avoid }}
  details:not([open]), .folded:not(:has([open])) {{ display: none }}
}}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
