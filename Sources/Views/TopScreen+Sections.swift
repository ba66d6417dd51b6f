import SSZ

/// What stands on the screen.
extension TopScreen {
    func header(_ live: JSONValue, _ problem: String?, _ age: Duration?) -> [TerminalLine] {
        let node = live["node"] ?? .null
        let index = node["index"]?.integer ?? 0
        var first = TerminalLine("Styx ", .bold)
        first.add(words(node["nickname"], or: "operator \(index)"), .bold)
        first.add("  operator \(index) of \(number(node["operators"])), threshold \(number(node["threshold"])), ")
        first.add("\(number(node["validators"])) validators, \(words(node["cluster"], or: "cluster")) ")
        first.add("\(words(node["hash"]))  \(words(node["version"]))", .dim)
        guard problem == nil else {
            let since = age.map { [TerminalLine("  As it was \($0.inWords) ago:", .warn)] } ?? []
            return [first] + outage(problem) + since
        }
        var second = TerminalLine()
        let ready = live["readiness"] ?? .null
        switch ready["code"]?.integer {
        case 1: second.add("\(signs.good) Ready", .good)
        case 0: second.add("\(signs.pending) Starting", .dim)
        default: second.add("\(signs.bad) Not ready: \(words(ready["text"]))", .bad)
        }
        second.add("  \(place(live))  \(number(live["totals"]?["succeeded"])) done, ")
        let failed = live["totals"]?["failed"]?.integer ?? 0
        second.add("\(failed) missed", failed == 0 ? .plain : .warn)
        second.add("  \(signer(live))", .dim)
        return [first, second]
    }

    /// Why there is no picture, or none of now: in full, for it says what to do.
    func outage(_ problem: String?) -> [TerminalLine] {
        guard let problem else { return [TerminalLine("\(signs.pending) Asking the node", .dim)] }
        return TerminalLine.wrapped(
            "No news from the node: \(problem)", .bad, first: "\(signs.bad) ", indent: 2, width: size?.columns)
    }

    private func place(_ live: JSONValue) -> String {
        guard let chain = live["chain"], !chain.isNull else { return "chain unknown" }
        guard let slot = chain["slot"]?.integer, let length = chain["slots_per_epoch"]?.integer, length > 0 else {
            let left = (chain["genesis_at"]?.integer ?? 0) - min(chain["genesis_at"]?.integer ?? 0, now(live))
            return "genesis in \(age(left))"
        }
        return "slot \(slot), epoch \(slot / length) (\(slot % length + 1) of \(length))"
    }

    private func signer(_ live: JSONValue) -> String {
        let signer = live["signer"] ?? .null
        let client = signer["last_request_at"]?.integer.map { "validator client \(ago($0, live)) ago" }
        switch signer["mode"]?.string {
        case "keystores": return client.map { "own keystores, \($0)" } ?? "own keystores sign"
        case "remote": return client.map { "remote signer, \($0)" } ?? "a remote signer signs"
        default: return client ?? "no validator client yet"
        }
    }

    /// - Parameter isOld: nobody knows what is missing now.
    func missing(_ live: JSONValue, isOld: Bool) -> Section {
        let all = live["missing"]?.array ?? []
        if all.isEmpty, isOld { return Section(heading: nil, lines: [], least: 0) }
        guard !all.isEmpty else {
            return Section(heading: nil, lines: [TerminalLine("\(signs.good) Nothing is missing", .good)], least: 1)
        }
        let lines = all.flatMap { thing in
            TerminalLine.wrapped(
                words(thing["text"]), .bad, first: "\(signs.bad) ", indent: 2, width: size?.columns)
        }
        return Section(heading: nil, lines: lines, least: 3)
    }

    func beaconNodes(_ live: JSONValue) -> Section {
        let lines = (live["beacon_nodes"]?.array ?? []).map { node in
            var line = TerminalLine("  ")
            let (state, tone) = condition(of: node)
            line.add(column: state, 10, tone)
            line.add(column: words(node["address"]) + (node["fallback"]?.bool == true ? " (fallback)" : ""), 30)
            line.add(column: took(node["latency_p50_ms"]), 8, isRight: true)
            line.add(column: node["head_slot"]?.integer.map { "head \($0)" } ?? "", 13)
            line.add(words(node["problem"], or: words(node["version"])), .dim)
            return line
        }
        return Section(heading: heading("BEACON NODES"), lines: lines, least: 2)
    }

    /// None where a validator client or keystores sign.
    func remoteSigners(_ live: JSONValue) -> Section {
        let all = live["remote_signers"]?.array ?? []
        guard !all.isEmpty else { return Section(heading: nil, lines: [], least: 0) }
        let lines = all.map { signer in
            var line = TerminalLine("  ")
            let (state, tone) = condition(of: signer)
            line.add(column: state, 10, tone)
            line.add(column: words(signer["address"]), 30)
            let shares = signer["shares"]?.integer.map { "\($0) of \(number(live["node"]?["validators"])) keys" }
            line.add(column: shares ?? "", 17, isRight: true)
            line.add(words(signer["problem"]), .dim)
            return line
        }
        return Section(heading: heading("REMOTE SIGNERS"), lines: lines, least: 2)
    }

    /// Of a beacon node or a remote signer.
    private func condition(of node: JSONValue) -> (String, TerminalLine.Tone) {
        let state = words(node["state"])
        switch state {
        case "up": return ("\(signs.good) up", .good)
        case "down": return ("\(signs.bad) down", .bad)
        case "syncing": return ("\(signs.warn) syncing", .warn)
        case "unhealthy": return ("\(signs.warn) unwell", .warn)
        default: return ("\(signs.pending) \(state)", .dim)
        }
    }

    func peers(_ live: JSONValue) -> Section {
        var head = TerminalLine()
        for (title, width) in [("OPERATORS", 22), ("link", 8)] { head.add(column: title, width, .bold) }
        for (title, width) in [("rtt", 8), ("signed", 7), ("last signed", 18)] {
            head.add(column: title, width, .bold, isRight: true)
        }
        head.add("program", .bold)
        let lines = (live["peers"]?.array ?? []).map { peer in
            var line = TerminalLine()
            let isSelf = peer["self"]?.bool == true
            line.add(column: number(peer["index"]), 3, isRight: true)
            line.add(column: words(peer["nickname"], or: "–") + (isSelf ? " *" : ""), 18)
            switch peer["path"]?.string {
            case let path?: line.add(column: "\(signs.good) \(path)", 8, .good)
            case nil where isSelf: line.add(column: "self", 8, .dim)
            case nil: line.add(column: "\(signs.bad) none", 8, .bad)
            }
            line.add(column: took(peer["round_trip_ms"]), 8, isRight: true)
            let (share, tone) = attendance(peer)
            line.add(column: share, 7, tone, isRight: true)
            let last = peer["last_signed"] ?? .null
            let when = last["at"]?.integer.map { "\(number(last["slot"])), \(ago($0, live))" }
            line.add(column: when ?? "–", 18, isRight: true)
            line.add("\(words(peer["client"])) \(words(peer["version"]))", .dim)
            let faults = (peer["faults"]?.object?.members ?? []).map { "\(spaced($0.name)) \(number($0.value))" }
            if !faults.isEmpty { line.add("  \(signs.bad) \(faults.joined(separator: ", "))", .bad) }
            return line
        }
        return Section(heading: head, lines: lines, least: 5)
    }

    private func attendance(_ peer: JSONValue) -> (String, TerminalLine.Tone) {
        guard let expected = peer["expected"]?.integer, expected > 0, let signed = peer["signed"]?.integer else {
            return ("–", .dim)
        }
        let percent = Int(100 * Double(min(signed, expected)) / Double(expected))
        return ("\(percent) %", signed >= expected ? .good : percent < 90 ? .bad : .warn)
    }

    func duties(_ live: JSONValue) -> Section {
        let operators = Int(clamping: min(live["node"]?["operators"]?.integer ?? 0, 64))
        let gap = operators > 10 ? "" : " "
        var head = TerminalLine()
        head.add(column: "DUTIES", 8, .bold)
        head.add(column: "", 20)
        for (title, width) in [("round", 5), ("decided", 8), ("broadcast", 9), ("due", 8)] {
            head.add(column: title, width, .bold, isRight: true)
        }
        head.add((0..<operators).map { "\($0 % 10)" }.joined(separator: gap), .bold)
        let lines = (live["duties"]?.array ?? []).map { duty in
            var line = TerminalLine()
            line.add(column: number(duty["slot"]), 8, isRight: true)
            let (sign, tone) = result(duty)
            line.add(column: sign, 1, tone)
            line.add(column: spaced(words(duty["duty"])), 18)
            let round = duty["round"]?.integer
            line.add(column: round.map { "\($0)" } ?? "–", 5, (round ?? 1) > 1 ? .warn : .plain, isRight: true)
            line.add(column: took(duty["start_to_decided_ms"]), 8, isRight: true)
            line.add(column: took(duty["decided_to_broadcast_ms"]), 9, isRight: true)
            line.add(column: took(duty["begin_to_broadcast_ms"]), 8, isRight: true)
            for index in 0..<operators {
                let (sign, tone) = mark(duty, index)
                line.add(sign, tone)
                line.add(gap)
            }
            if let reason = duty["reason"]?.string { line.add(" \(spaced(reason))", .bad) }
            return line
        }
        return Section(heading: head, lines: lines.isEmpty ? [TerminalLine("  none yet", .dim)] : lines, least: 4)
    }

    private func result(_ duty: JSONValue) -> (String, TerminalLine.Tone) {
        switch duty["state"]?.string {
        case "done": (signs.good, .good)
        case "failed": (signs.bad, .bad)
        case "pending": (signs.pending, .dim)
        default: (" ", .dim)
        }
    }

    private func mark(_ duty: JSONValue, _ index: Int) -> (String, TerminalLine.Tone) {
        let signed = duty["signed"]?.array ?? []
        let count = signed.indices.contains(index) ? signed[index].integer ?? 0 : 0
        let due = duty["validators"]?.integer ?? max(1, signed.compactMap(\.integer).max() ?? 1)
        if duty["bad"]?.array?.contains(where: { $0.integer == UInt64(index) }) == true { return (signs.bad, .bad) }
        if count > 0 { return count >= due ? (signs.all, .good) : (signs.some, .warn) }
        let isOpen = ["pending", "nothing_to_do"].contains(words(duty["state"]))
        return isOpen ? (signs.open, .dim) : (signs.none, .bad)
    }

    func latencies(_ live: JSONValue) -> Section {
        let parts = [
            ("start_to_decided", "start → decided"), ("decided_to_broadcast", "decided → broadcast"),
            ("begin_to_broadcast", "due → broadcast"),
        ]
        var head = TerminalLine()
        head.add(column: "LATENCIES, half/99 %", 20, .bold)
        for part in parts { head.add(column: part.1, 19, .bold, isRight: true) }
        let lines = (live["latencies"]?.array ?? []).map { row in
            var line = TerminalLine("  ")
            line.add(column: spaced(words(row["duty"])), 18)
            for part in parts {
                let spread = row[part.0] ?? .null
                line.add(
                    column: spread.isNull ? "–" : "\(took(spread["p50_ms"])) / \(took(spread["p99_ms"]))", 19,
                    isRight: true)
            }
            return line
        }
        return Section(heading: head, lines: lines.isEmpty ? [TerminalLine("  none yet", .dim)] : lines, least: 3)
    }

    func missed(_ live: JSONValue) -> Section {
        let all = live["missed"]?.array ?? []
        guard !all.isEmpty else { return Section(heading: nil, lines: [], least: 0) }
        let lines = all.flatMap { miss in
            TerminalLine.wrapped(
                "[\(words(miss["layer"]))] \(words(miss["subject"])): \(words(miss["cause"])); \(words(miss["cure"]))",
                .plain, first: "\(signs.bad) ", indent: 2, width: size?.columns)
        }
        return Section(heading: heading("LAST MISSED DUTIES"), lines: lines, least: 4)
    }

    // MARK: Words

    private func heading(_ text: String) -> TerminalLine { TerminalLine(text, .bold) }

    private func words(_ value: JSONValue?, or other: String = "") -> String {
        guard let text = value?.string, !text.isEmpty else { return other }
        return text
    }

    private func number(_ value: JSONValue?) -> String { value?.integer.map { "\($0)" } ?? "–" }

    private func spaced(_ name: String) -> String { name.replacing("_", with: " ") }

    /// As it came, to three digits.
    private func took(_ value: JSONValue?) -> String {
        guard case .number(let digits)? = value, let ms = Double(digits), abs(ms) < 1e12 else { return "–" }
        if ms < 10 { return "\((ms * 10).rounded() / 10) ms" }
        if ms < 1000 { return "\(Int64(ms.rounded())) ms" }
        return "\((ms / 100).rounded() / 10) s"
    }

    private func now(_ live: JSONValue) -> UInt64 { live["at"]?.integer ?? 0 }

    private func ago(_ time: UInt64, _ live: JSONValue) -> String { age(now(live) - min(time, now(live))) }

    private func age(_ ms: UInt64) -> String { Duration.milliseconds(Int64(clamping: ms)).inWords }
}
