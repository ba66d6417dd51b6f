extension WebPage {
    /// Colours never stand alone: each has a sign or a word beside it.
    static let style = """
        :root { --back: #ffffff; --box: #f3f4f6; --line: #c9cdd3; --text: #1b1d21; --dim: #565c66;
          --good: #0b6b2e; --warn: #7d5200; --bad: #b3001b; --link: #0b57d0; --good-back: #e2f4e6;
          --bad-back: #fde7e7; --bar: #3b6fd1; }
        @media (prefers-color-scheme: dark) {
          :root { --back: #14161a; --box: #1e2127; --line: #3d434d; --text: #e8eaed; --dim: #a6adb8;
            --good: #6fdc94; --warn: #ffcf70; --bad: #ff9a92; --link: #9cc2ff; --good-back: #12301d;
            --bad-back: #3b1618; --bar: #7aa7f7; }
        }
        * { box-sizing: border-box; }
        html { font: 16px/1.45 system-ui, "Noto Sans", "DejaVu Sans", sans-serif; background: var(--back);
          color: var(--text); scroll-padding-top: 0.5rem; -webkit-text-size-adjust: 100%; }
        body { margin: 0 auto; max-width: 84rem; padding: 0.75rem; overflow-wrap: anywhere; }
        @media (min-width: 48rem) { body { padding: 1.25rem 2rem; } }
        h1 { font-size: 1.3rem; margin: 0; }
        h2 { font-size: 1.1rem; margin: 1.75rem 0 0.5rem; padding-bottom: 0.25rem;
          border-bottom: 1px solid var(--line); }
        h3 { font-size: 1rem; margin: 0 0 0.25rem; }
        p { margin: 0.35rem 0; }
        a { color: var(--link); }
        nav { display: flex; flex-wrap: wrap; gap: 0 1rem; margin-top: 0.5rem; }
        nav a, footer a { padding: 0.35rem 0; display: inline-block; }
        .bar { display: flex; align-items: center; justify-content: space-between; gap: 0.75rem; flex-wrap: wrap; }
        .state { font-weight: 600; padding: 0.5rem 0.75rem; border-radius: 0.4rem; border: 1px solid var(--line);
          background: var(--box); }
        .state.good { background: var(--good-back); border-color: var(--good); }
        .state.bad, .banner { background: var(--bad-back); border: 1px solid var(--bad); color: var(--bad); }
        .banner { padding: 0.5rem 0.75rem; border-radius: 0.4rem; font-weight: 600; }
        .good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
        .dim { color: var(--dim); }
        .vh { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
          margin: 0; }
        .skip { position: absolute; left: -100rem; }
        .skip:focus { left: 0.75rem; top: 0.5rem; background: var(--back); padding: 0.5rem; z-index: 9; }
        :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
        h2:focus, main:focus { outline: none; }
        button, select { font: inherit; color: inherit; background: var(--box); border: 1px solid var(--dim);
          border-radius: 0.4rem; padding: 0.35rem 0.75rem; min-height: 2.5rem; }
        input[type=checkbox] { width: 1.2rem; height: 1.2rem; vertical-align: -0.2rem; }
        .controls { display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; align-items: center; }
        .scroll { position: relative; overflow: auto; border: 1px solid var(--line); border-radius: 0.4rem; max-width: 100%; }
        .tall { max-height: 32rem; }
        table { border-collapse: separate; border-spacing: 0; width: 100%; font-variant-numeric: tabular-nums;
          font-size: 0.92rem; overflow-wrap: normal; }
        th, td { text-align: left; padding: 0.35rem 0.6rem; border-bottom: 1px solid var(--line); white-space: nowrap;
          vertical-align: top; }
        tr:last-child > * { border-bottom: 0; }
        thead th { position: sticky; top: 0; background: var(--box); z-index: 2; font-weight: 600; }
        tbody th { font-weight: 600; position: sticky; left: 0; background: var(--back); z-index: 1;
          border-right: 1px solid var(--line); }
        thead th:first-child { left: 0; z-index: 3; border-right: 1px solid var(--line); }
        td.wrap { white-space: normal; min-width: 14rem; }
        .name { display: inline-block; max-width: 11rem; overflow: hidden; text-overflow: ellipsis;
          vertical-align: bottom; }
        @media (min-width: 64rem) { .name { max-width: 22rem; } }
        @media (max-width: 40rem) {
          th, td { padding: 0.35rem 0.4rem; } .name { max-width: 7.5rem; } .matrix { font-size: 0.85rem; }
          .matrix td:nth-child(2) { white-space: normal; max-width: 6.2rem; }
          .wide { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        }
        .matrix .mark { text-align: center; padding-left: 0.3rem; padding-right: 0.3rem; min-width: 1.7rem; }
        .matrix .lead { box-shadow: inset 0 0 0 1px var(--dim); border-radius: 0.3rem; }
        .number { text-align: right; }
        .new-slot > * { border-top: 2px solid var(--line); }
        .plain { list-style: none; padding: 0; margin: 0; }
        .plain > li { border-left: 0.3rem solid var(--bad); background: var(--box); border-radius: 0.3rem;
          padding: 0.5rem 0.75rem; margin: 0.5rem 0; }
        .plain > li.warning { border-left-color: var(--warn); } .plain > li.info { border-left-color: var(--link); }
        .tag { font-size: 0.85rem; font-weight: 600; border: 1px solid currentColor; border-radius: 0.3rem;
          padding: 0 0.35rem; margin-right: 0.4rem; }
        .charts { display: grid; gap: 0.75rem;
          grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); }
        summary { cursor: pointer; padding: 0.35rem 0; min-height: 2rem; } summary h3 { display: inline; }
        .chart { border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.6rem 0.75rem; }
        .chart dl { display: flex; flex-wrap: wrap; gap: 0.1rem 0.9rem; margin: 0.25rem 0; font-size: 0.9rem; }
        .chart dl div { display: flex; gap: 0.3rem; } .chart dt { color: var(--dim); } .chart dd { margin: 0; }
        svg { display: block; width: 100%; height: auto; }
        svg rect { fill: var(--bar); } svg line { stroke: var(--line); } svg text { fill: var(--dim); font-size: 10.5px; }
        footer { margin-top: 2rem; border-top: 1px solid var(--line); font-size: 0.92rem; }
        @media (prefers-reduced-motion: no-preference) { .state { transition: background-color 0.3s; } }
        @media (prefers-contrast: more) { :root { --line: var(--text); --dim: var(--text); } }
        @media (forced-colors: active) { .matrix .lead { outline: 1px solid; outline-offset: -2px; } }
        """
}
