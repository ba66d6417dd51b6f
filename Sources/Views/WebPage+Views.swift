extension WebPage {
    /// What stands in the sections.
    static let viewScript = #"""
        function person(live, index) {
          const peer = list(live.peers).find(p => p.index === index);
          const name = peer ? words(peer.nickname) : '';
          return 'Operator ' + index + (name ? ' (' + name + ')' : '');
        }
        function head(live) {
          const node = live.node, isReady = live.readiness.code === 1;
          const name = node.nickname || 'operator ' + node.index;
          put(byId('title'), 'Styx: ' + name + (node.cluster ? ', ' + node.cluster : ''));
          document.title = (isReady ? '✔ ' : '✘ ') + name + ' – Styx';
          const isUnknown = live.readiness.code === 0;
          style(byId('state'), 'state ' + (isReady ? 'good' : isUnknown ? '' : 'bad'));
          put(byId('state'), isReady ? '✔ Ready' : isUnknown ? '… Starting' : '✘ Not ready: ' + live.readiness.text);
          const chain = live.chain;
          let place = 'The chain is not known yet.';
          if (chain && isNumber(chain.slot)) {
            const inEpoch = chain.slot % chain.slots_per_epoch + 1;
            place = 'Slot ' + chain.slot + ', epoch ' + chain.epoch + ' (' + inEpoch + ' of ' + chain.slots_per_epoch
              + ')';
          } else if (chain) {
            place = 'Genesis in ' + age(chain.genesis_at - live.at) + '.';
          }
          put(byId('chain'), place + ' · since the start ' + live.totals.succeeded + ' duties done, '
            + live.totals.failed + ' missed · as of ' + clock(live.at));
          put(byId('about'), 'Operator ' + node.index + ' of ' + node.operators + ', threshold ' + node.threshold
            + ', ' + node.validators + ' validators · cluster ' + node.hash + ' on '
            + (node.network || 'a private network') + ' · Styx ' + node.version
            + ' · running for ' + age(live.at - node.started_at));
        }
        function tagged(el, tag, name, text) {
          put(el.children[0], tag);
          style(el.children[0], 'tag ' + name);
          put(el.children[1], text);
        }
        function note() {
          const el = make('li');
          el.append(make('span', 'tag'), make('span'));
          return el;
        }
        function missing(live) {
          const all = list(live.missing);
          show(byId('missing-none'), all.length === 0);
          sync(byId('missing'), all, thing => thing.text, note, (el, thing) =>
            tagged(el, '✘ ' + thing.layer, 'bad', thing.text));
        }
        function doctor(report) {
          const all = list(report.findings), signs = {error: '✘ error', warning: '▲ warning', info: 'ℹ info'};
          const names = {error: 'bad', warning: 'warn', info: 'dim'};
          show(byId('doctor'), true);
          show(byId('findings-none'), all.length === 0);
          sync(byId('findings'), all, f => f.id, note, (el, f) => {
            style(el, words(f.severity));
            const since = typeof f.since === 'string' ? new Date(f.since).getTime() : f.since;
            tagged(el, signs[f.severity] || '▲ ' + words(f.severity), names[f.severity] || 'warn', words(f.sentence)
              + (f.cure ? ' — ' + words(f.cure) : '') + (isNumber(since) ? ' (since ' + clock(since) + ')' : ''));
          });
        }
        function operators(live) {
          sync(byId('peers'), list(live.peers), p => p.index, row, (el, p) => {
            const isGone = !p.self && p.path === null;
            const share = p.expected > 0 ? 100 * p.signed / p.expected : null;
            const rate = share === null ? '–' : (share < 100 ? share.toFixed(1) : '100') + ' %';
            const faults = Object.entries(p.faults || {}).map(([kind, count]) => spaced(kind) + ' ' + count).join(', ');
            const isOff = isNumber(p.clock_offset_ms) && Math.abs(p.clock_offset_ms) > 500;
            cells(el, [
              {text: p.index + ' ' + (words(p.nickname) || '–') + (p.self ? ' (this node)' : ''), name: 'name',
                title: words(p.nickname)},
              p.self ? {text: '–', spoken: 'this node'}
                : isGone ? {text: '✘ none', name: 'bad', title: words(p.last_failure)}
                : {text: p.path === 'relay' ? '✔ by relay' : '✔ direct', name: 'good'},
              {text: rate, name: share === null ? 'dim' : share < 90 ? 'bad' : share < 100 ? 'warn' : 'good',
                title: share === null ? '' : p.signed + ' of ' + p.expected + ' signatures'},
              p.last_signed ? 'slot ' + p.last_signed.slot + ', ' + age(live.at - p.last_signed.at) + ' ago' : '–',
              {text: took(p.round_trip_ms), cell: 'number'},
              {text: isNumber(p.clock_offset_ms) ? (isOff ? '▲ ' : '') + Math.round(p.clock_offset_ms) + ' ms' : '–',
                name: isOff ? 'warn' : '', cell: 'number'},
              (words(p.client) + ' ' + words(p.version)).trim() || '–',
              {text: faults || '–', name: faults ? 'bad' : 'dim'},
            ]);
          });
        }
        const results = {
          done: {text: '✔', name: 'good', spoken: 'done', isWide: true},
          failed: {text: '✘', name: 'bad', spoken: 'missed', isWide: true},
          pending: {text: '…', name: 'dim', spoken: 'under way', isWide: true},
          nothing_to_do: {text: '–', name: 'dim', spoken: 'nobody chosen', isWide: true},
        };
        function mark(duty, index) {
          const count = duty.signed[index] || 0, isLeader = duty.leader === index;
          const due = isNumber(duty.validators) ? duty.validators : Math.max(...duty.signed, 1);
          let sign = {text: '○', name: 'bad', spoken: 'signed nothing'};
          if (list(duty.bad).includes(index)) sign = {text: '✘', name: 'bad', spoken: 'signed badly'};
          else if (count >= due && count > 0) sign = {text: '●', name: 'good', spoken: 'signed'};
          else if (count > 0) sign = {text: '◐', name: 'warn', spoken: 'signed ' + count + ' of ' + due};
          else if (['pending', 'nothing_to_do'].includes(duty.state)) sign = {text: '·', spoken: 'nothing yet'};
          if (isLeader) sign.spoken += ', led';
          return Object.assign(sign, {cell: isLeader ? 'mark lead' : 'mark', title: 'operator ' + index});
        }
        function matrix(live) {
          const count = live.node.operators;
          const titles = ['Slot', 'Duty', 'Result'].concat([...Array(count).keys()].map(String),
            ['Round', 'Leader', 'Start → decided', 'Decided → broadcast', 'Due → broadcast', 'Validators']);
          sync(byId('duties-head'), titles, title => title, title => {
            const el = make('th', /^[0-9]+$/.test(title) ? 'mark' : '');
            el.scope = 'col';
            return el;
          }, (el, title) => {
            put(el, title);
            if (el.className === 'mark') el.title = person(live, Number(title));
          });
          const isProblem = d => d.state === 'failed' || d.round > 1 || d.round_changes > 0 || list(d.bad).length > 0
            || (d.state !== 'pending' && d.state !== 'nothing_to_do' && d.signed.some(s => s < (d.validators || 1)));
          const all = list(live.duties);
          const chosen = byId('problems').checked ? all.filter(isProblem) : all;
          const limit = Number(byId('limit').value);
          const duties = limit ? chosen.slice(0, limit) : chosen;
          put(byId('shown'), duties.length + ' of ' + all.length);
          show(byId('duties-none'), all.length === 0);
          let slot = null;
          sync(byId('duties'), duties, d => d.slot + ' ' + d.duty, row, (el, d) => {
            style(el, slot !== null && slot !== d.slot ? 'new-slot' : '');
            slot = d.slot;
            const result = Object.assign({}, results[d.state] || {text: words(d.state)});
            if (d.reason) result.title = spaced(d.reason);
            const late = d.round_changes > 0 ? ' (' + d.round_changes + ' changed)' : '';
            cells(el, [String(d.slot), spaced(d.duty), result].concat(
              [...Array(count).keys()].map(i => mark(d, i)), [
                {text: (isNumber(d.round) ? d.round : '–') + late, name: d.round > 1 ? 'warn' : '', cell: 'number',
                  title: words(d.round_change_reason)},
                {text: isNumber(d.leader) ? String(d.leader) : '–', cell: 'number'},
                {text: took(d.start_to_decided_ms), cell: 'number'},
                {text: took(d.decided_to_broadcast_ms), cell: 'number'},
                {text: took(d.begin_to_broadcast_ms), cell: 'number'},
                {text: isNumber(d.validators) ? String(d.validators) : '–', cell: 'number'},
              ]));
          });
        }
        const svg = tag => document.createElementNS('http://www.w3.org/2000/svg', tag);
        function set(el, values) { for (const [name, value] of Object.entries(values)) el.setAttribute(name, value); }
        const short = ms => ms < 1000 ? String(ms) : ms / 1000 + ' s';
        function histogram(el, spread, bounds) {
          const buckets = list(spread.buckets), top = Math.max(...buckets, 1), wide = 300 / buckets.length;
          const said = buckets.map((n, i) => n === 0 ? '' : n + (i < bounds.length ? ' up to ' + took(bounds[i])
            : ' above ' + took(bounds[i - 1]))).filter(Boolean).join(', ');
          set(el, {viewBox: '0 0 300 64', role: 'img', 'aria-label': 'Histogram: ' + said});
          sync(el, buckets.map((n, i) => ({n, i})), b => b.i, () => {
            const group = svg('g');
            group.append(svg('rect'), svg('text'), svg('text'));
            return group;
          }, (group, b) => {
            const tall = b.n === 0 ? 0 : Math.max(2, 37 * b.n / top), middle = b.i * wide + wide / 2;
            set(group.children[0], {x: b.i * wide + 2, y: 50 - tall, width: wide - 4, height: tall});
            set(group.children[1], {x: middle, y: 61, 'text-anchor': 'middle'});
            put(group.children[1], b.i < bounds.length ? short(bounds[b.i]) : '+');
            set(group.children[2], {x: middle, y: 47 - tall, 'text-anchor': 'middle'});
            put(group.children[2], b.n === 0 ? '' : String(b.n));
          });
        }
        const measures = [['start_to_decided', 'start → decided'], ['decided_to_broadcast', 'decided → broadcast'],
          ['begin_to_broadcast', 'due → broadcast']];
        function charts(live) {
          const all = list(live.latencies), bounds = list(live.latency_bounds_ms);
          show(byId('latencies-none'), all.length === 0);
          sync(byId('latencies'), all, kind => kind.duty, kind => {
            const el = make('details'), summary = make('summary');
            el.open = kind.duty === 'attester' || matchMedia('(min-width: 48rem)').matches;
            summary.append(make('h3', '', spaced(kind.duty)), make('span', 'dim'));
            el.append(summary, make('div', 'charts'));
            return el;
          }, (el, kind) => {
            const due = kind.begin_to_broadcast || kind.start_to_decided || kind.decided_to_broadcast;
            put(el.firstChild.lastChild, ' half within ' + took(due.p50_ms) + ', 99 % within ' + took(due.p99_ms));
            sync(el.lastChild, measures.filter(m => kind[m[0]]), m => m[0], m => {
              const box = make('div', 'chart');
              box.append(make('strong', '', m[1]), make('dl'), svg('svg'));
              return box;
            }, (box, m) => {
              const spread = kind[m[0]];
              const facts = [['half', took(spread.p50_ms)], ['90 %', took(spread.p90_ms)],
                ['99 %', took(spread.p99_ms)], ['longest', took(spread.max_ms)], ['duties', String(spread.count)]];
              sync(box.children[1], facts, f => f[0], f => {
                const pair = make('div');
                pair.append(make('dt', '', f[0]), make('dd'));
                return pair;
              }, (pair, f) => put(pair.lastChild, f[1]));
              histogram(box.children[2], spread, bounds);
            });
          });
        }
        function missed(live) {
          const all = list(live.missed).slice(0, 20);
          show(byId('missed-none'), all.length === 0);
          sync(byId('missed'), all, m => [m.at, m.slot, m.duty, m.reason].join(' '), () => {
            const el = make('li');
            el.append(make('h3'), make('p'), make('p'), make('p', 'dim'));
            return el;
          }, (el, m) => {
            put(el.children[0], '✘ ' + m.subject);
            put(el.children[1], 'Why: ' + m.cause + '.');
            put(el.children[2], 'What to do: ' + m.cure + '.');
            const people = list(m.peers).map(p => person(live, p)).join(', ');
            put(el.children[3], 'Lies with: ' + m.layer + (people ? ' – ' + people : '') + ' · ' + spaced(m.reason)
              + ' · told at ' + clock(m.at));
          });
        }
        const states = {up: {text: '✔ up', name: 'good'}, down: {text: '✘ down', name: 'bad'},
          syncing: {text: '▲ syncing', name: 'warn'}, unhealthy: {text: '▲ unwell', name: 'warn'},
          unknown: {text: '… not asked yet', name: 'dim'}};
        function stateOf(source) {
          const state = Object.assign({}, states[source.state] || {text: words(source.state)});
          if (isNumber(source.down_ms)) state.text += ' for ' + age(source.down_ms);
          if (source.problem) state.title = source.problem;
          return state;
        }
        function sources(live) {
          sync(byId('nodes'), list(live.beacon_nodes), n => n.address, row, (el, n) => {
            cells(el, [
              {text: n.address + (n.fallback ? ' (fallback)' : ''), name: 'name', title: n.address}, stateOf(n),
              isNumber(n.latency_p50_ms) ? took(n.latency_p50_ms) + ' / ' + took(n.latency_max_ms) : '–',
              isNumber(n.head_slot) ? 'slot ' + n.head_slot : '–', words(n.version) || '–',
            ]);
          });
          const signers = list(live.remote_signers);
          show(byId('signers-box'), signers.length > 0);
          sync(byId('signers'), signers, signer => signer.address, row, (el, signer) => cells(el, [
            {text: signer.address, name: 'name', title: signer.address}, stateOf(signer),
            isNumber(signer.shares) ? signer.shares + ' of ' + live.node.validators : '–', words(signer.problem) || '–',
          ]));
          const s = live.signer, isClient = s.mode === 'off';
          let text = s.mode === 'keystores' ? 'This node signs with its own keystores.'
            : s.mode === 'remote' ? 'Remote signers sign.' : 'A validator client signs.';
          if (isNumber(s.last_request_at)) {
            text += ' Last request of a validator client ' + age(live.at - s.last_request_at) + ' ago, ' + s.requests
              + ' so far' + (s.user_agent ? ', by ' + s.user_agent : '') + '.';
          } else if (isClient) text += ' None has asked anything yet.';
          put(byId('signer'), text);
        }

        """#
}
