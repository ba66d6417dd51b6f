import Cluster
import Ethereum

extension ClusterInspection {
    private static let width = 100
    private static let validatorsShown = 5

    /// For people, at most 100 columns wide.
    ///
    /// - Parameter showsAll: every validator instead of the first ones.
    package func text(showsAll: Bool) -> String {
        let parts = [facts, operatorTable, validatorTable(showsAll), checkList, verdict]
        return parts.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    private var facts: [String] {
        var rows: [(String, String)] = [
            ("Name", definition.name.isEmpty ? "–" : Self.printable(definition.name)),
            ("UUID", Self.printable(definition.uuid)),
            ("Version", definition.version.rawValue),
            ("Created", definition.timestamp.isEmpty ? "–" : Self.printable(definition.timestamp)),
            ("Network", networkText),
            ("Threshold", "\(definition.threshold) of \(operators.count) nodes must sign"),
            ("Validators", "\(definition.validators.count)"),
        ]
        if definition.version.hasDeposits {
            let credentials = definition.compounding ? "compounding (0x02)" : "0x01"
            rows.append(
                ("Deposits", "files for \(depositAmounts.joined(separator: ", ")) ETH, credentials \(credentials)"))
        }
        if let only = commonAddresses {
            rows.append(("Fee recipient", only.feeRecipient.isEmpty ? "–" : Self.printable(only.feeRecipient)))
            rows.append(("Withdrawals to", only.withdrawal.isEmpty ? "–" : Self.printable(only.withdrawal)))
        }
        if definition.version.hasTargetGasLimit { rows.append(("Gas limit", "\(definition.targetGasLimit)")) }
        if !definition.consensusProtocol.isEmpty {
            rows.append(("Consensus", Self.printable(definition.consensusProtocol)))
        }
        if !definition.creator.address.isEmpty {
            rows.append(("Creator", Self.printable(definition.creator.address)))
        }
        rows.append(("Config hash", definition.configHash.hex))
        rows.append(("Definition hash", definition.definitionHash.hex))
        if let lock { rows.append(("Lock hash", lock.lockHash.hex)) }
        let title = "\(lock == nil ? "CLUSTER DEFINITION" : "CLUSTER LOCK")  \(Self.printable(source))"
        return [title] + rows.map { "  " + Self.padded($0.0, 17) + $0.1 }
    }

    private var networkText: String {
        guard let network else {
            return "unknown (fork version \(definition.forkVersion.hex)); describe it with --testnet-*"
        }
        return "\(network.name) (chain \(network.chainID), fork version \(definition.forkVersion.hex))"
    }

    /// The addresses of all validators, if they are all alike.
    private var commonAddresses: ValidatorAddresses? {
        guard let first = definition.validators.first, definition.validators.allSatisfy({ $0 == first }) else {
            return nil
        }
        return first
    }

    private var operatorTable: [String] {
        guard !operators.isEmpty else { return [] }
        let rows = operators.enumerated().map { i, item in
            "  " + Self.padded("\(i)", 4)
                + Self.padded(item.address.isEmpty ? "–" : Self.shortened(item.address, 6, 4), 15)
                + Self.padded(item.enr.isEmpty ? "–" : Self.shortened(item.enr, 11, 6), 20)
                + (item.peerID.isEmpty ? "–" : item.peerID)
        }
        return ["OPERATORS", "  #   Account        ENR                 Peer id"] + rows
    }

    private func validatorTable(_ showsAll: Bool) -> [String] {
        let keys = publicKeys
        let count = definition.validators.count
        guard !keys.isEmpty || commonAddresses == nil, count > 0 else { return [] }
        let shown = showsAll ? count : min(count, Self.validatorsShown)
        var lines = ["VALIDATORS" + (shown < count ? ", the first \(shown) of \(count) (--all shows every one)" : "")]
        if commonAddresses == nil { lines.append("  fees: fee recipient, stake: withdrawal address") }
        for (v, item) in definition.validators.prefix(shown).enumerated() {
            let index = Self.padded("\(v)", max(3, String(shown - 1).count + 1))
            lines.append((keys.indices.contains(v) ? index + keys[v].dropFirst(2) : index))
            guard commonAddresses == nil else { continue }
            lines.append("  fees \(Self.printable(item.feeRecipient))  stake \(Self.printable(item.withdrawal))")
        }
        return lines
    }

    /// Like checks that passed share a line; whatever else has its own.
    private var checkList: [String] {
        var lines = ["CHECKS"]
        var passed: [(kind: Check.Kind, count: Int)] = []
        func flush() {
            lines += passed.map { "  ✓ " + $0.kind.rawValue + ($0.count > 1 ? " (\($0.count))" : "") }
            passed = []
        }
        for check in verification.checks {
            let (verdict, reason) = check.words
            if verdict == .passed {
                if let i = passed.firstIndex(where: { $0.kind == check.kind }) {
                    passed[i].count += 1
                } else {
                    passed.append((check.kind, 1))
                }
                continue
            }
            flush()
            let mark = verdict == .failed ? "✗" : verdict == .skipped ? "–" : "?"
            // The field says where to look; nobody needs to for what is not there.
            let place = verdict == .skipped ? "" : " \(Self.printable(check.subject))"
            let line = "\(mark) \(check.kind.rawValue)\(place): \(verdict.rawValue), \(Self.printable(reason))"
            lines += Self.wrapped(line, indent: 2, hanging: 4)
        }
        flush()
        return lines
    }

    private var verdict: [String] {
        func count(_ wanted: Check.Verdict) -> Int { verification.checks.count { $0.words.verdict == wanted } }
        let (failed, open) = (count(.failed), count(.notChecked))
        guard !isSound else { return ["OK: \(count(.passed)) checks passed."] }
        guard failed > 0 else {
            return [
                "UNDECIDED: \(open) of \(verification.checks.count) checks need an execution client.",
                "Do not run this cluster before they are made.",
            ]
        }
        return [
            "NOT OK: \(failed) of \(verification.checks.count) checks failed"
                + (open == 0 ? "." : ", \(open) need an execution client."),
            "Do not run this cluster: get the file again from its creator, and compare.",
        ]
    }

    // MARK: Layout

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    static func shortened(_ text: String, _ head: Int, _ tail: Int) -> String {
        text.count <= head + tail + 1 ? printable(text) : printable("\(text.prefix(head))…\(text.suffix(tail))")
    }

    /// Names come from other people: they shall not move the cursor.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: "\u{fffd}"
                    default: scalar
                    }
                }))
    }

    static func wrapped(_ text: String, indent: Int, hanging: Int, width: Int = Self.width) -> [String] {
        var lines: [String] = []
        var line = String(repeating: " ", count: indent)
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = String(repeating: " ", count: hanging)
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return lines + [line]
    }
}
