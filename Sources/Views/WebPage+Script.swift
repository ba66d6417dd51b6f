extension WebPage {
    /// Small tools: text goes in as text, and what did not change is left alone, so that focus, selection and screen
    /// readers stay where they are.
    static let dataScript = #"""
        'use strict';
        const byId = id => document.getElementById(id);
        const isNumber = x => typeof x === 'number' && isFinite(x);
        const list = x => Array.isArray(x) ? x : [];
        const words = x => typeof x === 'string' ? x : '';
        function put(el, text) { if (el.textContent !== text) el.textContent = text; }
        function style(el, name) { if (el.className !== name) el.className = name; }
        function show(el, isShown) { if (el.hidden === isShown) el.hidden = !isShown; }
        function make(tag, name, text) {
          const el = document.createElement(tag);
          if (name) el.className = name;
          if (text !== undefined) el.textContent = text;
          return el;
        }
        // Children of `parent` become one for each item, in order; those of the same key stay.
        function sync(parent, items, key, create, update) {
          const old = new Map();
          for (const el of parent.children) old.set(el.dataset.key, el);
          let at = parent.firstElementChild;
          for (const item of items) {
            const name = String(key(item));
            let el = old.get(name);
            if (el) old.delete(name); else { el = create(item); el.dataset.key = name; }
            if (el === at) at = at.nextElementSibling; else parent.insertBefore(el, at);
            update(el, item);
          }
          for (const el of old.values()) el.remove();
        }
        // A row of cells; each is text, or {text, name, spoken, isWide, title}: `spoken` is what a screen reader says
        // instead, and stands beside it on wide screens if told to.
        function cells(row, values) {
          while (row.children.length > values.length) row.lastElementChild.remove();
          values.forEach((value, i) => {
            const cell = typeof value === 'object' ? value : {text: value};
            let el = row.children[i];
            if (!el) {
              el = make(i === 0 ? 'th' : 'td');
              if (i === 0) el.scope = 'row';
              el.append(make('span'), make('span', 'vh'));
              row.append(el);
            }
            style(el, cell.cell || '');
            put(el.firstChild, cell.text);
            style(el.firstChild, cell.name || '');
            put(el.lastChild, cell.spoken ? ' ' + cell.spoken : '');
            style(el.lastChild, cell.isWide ? 'wide ' + cell.name : 'vh');
            if (cell.spoken) el.firstChild.setAttribute('aria-hidden', 'true');
            else el.firstChild.removeAttribute('aria-hidden');
            if (cell.title) el.title = cell.title; else el.removeAttribute('title');
          });
        }
        const row = () => make('tr');
        function took(ms) {
          if (!isNumber(ms)) return '–';
          if (ms < 10) return ms.toFixed(1) + ' ms';
          return ms < 1000 ? Math.round(ms) + ' ms' : (ms / 1000).toFixed(2) + ' s';
        }
        function age(ms) {
          const s = Math.max(0, Math.floor(ms / 1000));
          if (s < 120) return s + ' s';
          if (s < 7200) return Math.floor(s / 60) + ' min';
          return s < 172800 ? Math.floor(s / 3600) + ' h' : Math.floor(s / 86400) + ' d';
        }
        const clock = ms => isNumber(ms) ? new Date(ms).toLocaleTimeString([], {hour12: false}) : '–';
        const spaced = text => words(text).replaceAll('_', ' ');

        """#

    /// Follows the page: what is new, the duties that were chosen, and the next look.
    static let pollScript = #"""
        let latest = null, timer = 0, isPaused = false, isAsking = false, answeredAt = 0, doctorAt = 0;
        function draw() {
          if (!latest) return;
          head(latest); missing(latest); operators(latest); matrix(latest); charts(latest); missed(latest);
          sources(latest);
        }
        let told = null;
        // Only what changes is read out.
        function news(live) {
          const now = {
            ready: live.readiness.code === 1 ? 'The node is ready.'
              : 'The node is not ready: ' + live.readiness.text + '.',
            failed: live.totals.failed,
            gone: new Map(list(live.peers).filter(p => !p.self).map(p => [p.index, p.path === null])),
          };
          if (told) {
            const lines = [];
            if (now.ready !== told.ready) lines.push(now.ready);
            if (now.failed > told.failed) lines.push('Duties missed: ' + (now.failed - told.failed) + ' more.');
            for (const [index, isGone] of now.gone) {
              if (told.gone.get(index) === isGone) continue;
              lines.push(person(live, index) + (isGone ? ' is gone.' : ' is connected.'));
            }
            if (lines.length) put(byId('news'), lines.join(' '));
          }
          told = now;
        }
        async function get(path) {
          const stop = new AbortController();
          const limit = setTimeout(() => stop.abort(), 5000);
          try {
            const answer = await fetch(path, {cache: 'no-store', signal: stop.signal});
            if (!answer.ok) throw new Error('status ' + answer.status);
            return await answer.json();
          } finally { clearTimeout(limit); }
        }
        async function look() {
          if (isAsking || isPaused || document.hidden) return;
          isAsking = true;
          clearTimeout(timer);
          let wait = 1000;
          try {
            const live = await get('debug/live');
            if (live.version !== 1) throw new Error('this page is of another version than the node: load it again');
            latest = live;
            answeredAt = Date.now();
            show(byId('offline'), false);
            draw();
            news(live);
            if (live.chain) wait = Math.min(3000, Math.max(1000, live.chain.slot_ms / 4));
            if (live.doctor && Date.now() - doctorAt > 15000) {
              doctorAt = Date.now();
              doctor(await get('debug/doctor'));
            }
            if (!live.doctor) show(byId('doctor'), false);
          } catch (error) {
            const since = answeredAt ? ' since ' + clock(answeredAt) : '';
            put(byId('offline'), '✘ No news from the node' + since + ' (' + error.message + ').');
            show(byId('offline'), true);
            wait = 3000;
          }
          isAsking = false;
          timer = setTimeout(look, wait);
        }
        byId('pause').addEventListener('click', event => {
          isPaused = !isPaused;
          event.target.setAttribute('aria-pressed', String(isPaused));
          look();
        });
        byId('problems').addEventListener('change', draw);
        byId('limit').addEventListener('change', draw);
        document.addEventListener('visibilitychange', look);
        look();

        """#
}
