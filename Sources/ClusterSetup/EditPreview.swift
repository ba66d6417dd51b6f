import Cluster
import SSZ

/// What an edit would do, for people, at most 80 columns wide (`--dry-run`).
package struct EditPreview: Sendable {
    private static let width = 80
    private static let validatorsShown = 5

    private let edit: ClusterEdit

    package init(_ edit: ClusterEdit) { self.edit = edit }

    package var text: String {
        let parts: [[String]]
        switch edit.plan {
        case .reshare(let plan): parts = [title, table(plan), operators(plan), validators(plan.lock), files(plan)]
        case .addition(let plan): parts = [title, table(plan), operators(plan), validators(plan), files(plan)]
        }
        return (parts + [warnings, next]).filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
            .joined(separator: "\n\n") + "\n"
    }

    private var name: String {
        switch edit.plan {
        case .reshare(let plan): plan.edit.name
        case .addition: "add-validators"
        }
    }

    private var title: [String] { ["DRY RUN of \(name): nothing is sent, and nothing written."] }

    // MARK: Old and new cluster

    private func table(_ plan: ResharePlan) -> [String] {
        let (old, new) = (plan.lock.definition.operators.count, plan.operators.count)
        let count = plan.lock.validators.count
        return cluster(
            plan.lock,
            [
                ("Operators", "\(old)", "\(new)"),
                ("Threshold", "\(plan.oldThreshold) of \(old)", "\(plan.threshold) of \(new)"),
                ("Nodes to spare", "\(old - plan.oldThreshold)", "\(new - plan.threshold)"),
                ("Validators", "\(count)", "\(count), the same keys"),
            ])
    }

    private func table(_ plan: ValidatorAddition) -> [String] {
        let nodes = plan.lock.definition.operators.count
        let (old, new) = (plan.lock.validators.count, plan.addresses.count)
        let threshold = "\(plan.lock.definition.threshold) of \(nodes)"
        return cluster(
            plan.lock,
            [
                ("Operators", "\(nodes)", "\(nodes)"), ("Threshold", threshold, threshold),
                ("Validators", "\(old)", "\(old + new)"),
                ("Signed by", "all key shares", plan.isUnverified ? "nobody" : "all key shares, old and new"),
            ])
    }

    private func cluster(_ lock: Lock, _ rows: [(String, String, String)]) -> [String] {
        let name = lock.definition.name.isEmpty ? "without a name" : ClusterInspection.printable(lock.definition.name)
        let all =
            [("", "now", "after"), ("Lock hash", String(lock.lockHash.hex.prefix(18)) + "…", "known at the end")] + rows
        return Self.wrapped("CLUSTER  \(name) on \(edit.network.name)", indent: 0, hanging: 9)
            + all.map { name, old, new in
                "  " + ClusterInspection.padded(name, 17) + ClusterInspection.padded(old, 24) + new
            }
    }

    // MARK: Operators

    private func operators(_ plan: ResharePlan) -> [String] {
        var rows: [(old: Int?, new: Int?, line: String)] = plan.participants.enumerated().map { i, participant in
            let does: String =
                switch participant.seat {
                case .stays: "stays: gives old shares, gets new ones"
                case .joins: "joins: gets its first shares"
                case .leaves: "leaves: gives its shares, gets none"
                }
            return (
                participant.seat.old, participant.seat.new,
                row(participant.seat.old, participant.seat.new, participant.enr, does, isOwn: i == plan.own)
            )
        }
        rows += plan.absent.map { old in
            (old, nil, row(old, nil, plan.lock.definition.operators[old].enr, "leaves: takes no part", isOwn: false))
        }
        rows.sort { ($0.old ?? Int.max, $0.new ?? 0) < ($1.old ?? Int.max, $1.new ?? 0) }
        return ["OPERATORS", "  now  after  ENR                  in the ceremony"] + rows.map(\.line)
            + Self.wrapped(
                "\(plan.participants.count) nodes take part, all at the same time and with the same flags; each connects to"
                    + " each.", indent: 2, hanging: 2)
    }

    private func operators(_ plan: ValidatorAddition) -> [String] {
        let nodes = plan.lock.definition.operators
        return ["OPERATORS", "  now  after  ENR                  in the ceremony"]
            + nodes.enumerated().map { i, item in
                row(i, i, item.enr, "gets shares of the new validators", isOwn: i == plan.own)
            }
            + Self.wrapped(
                "All \(nodes.count) nodes take part, at the same time and with the same flags.", indent: 2, hanging: 2)
    }

    private func row(_ old: Int?, _ new: Int?, _ enr: String, _ does: String, isOwn: Bool) -> String {
        func number(_ position: Int?, _ width: Int) -> String {
            let text = position.map(String.init) ?? "–"
            return String(repeating: " ", count: max(0, width - text.count)) + text
        }
        return "  " + number(old, 3) + "  " + number(new, 5) + "  "
            + ClusterInspection.padded(ClusterInspection.shortened(enr, 11, 6), 21) + does
            + (isOwn ? " (you)" : "")
    }

    // MARK: Validators

    private func validators(_ lock: Lock) -> [String] {
        let keys = lock.validators.map(\.publicKey)
        let title = "VALIDATORS  keys, deposits and registrations stay; all key shares change"
        return [title] + list(keys.map { String(Hex.encode($0).prefix(26)) + "…" })
    }

    private func validators(_ plan: ValidatorAddition) -> [String] {
        let first = plan.lock.validators.count
        let rows = plan.addresses.enumerated().flatMap { v, item in
            ["\(first + v)  fees to \(item.feeRecipient)", "   stake to \(item.withdrawal)"]
        }
        return ["VALIDATORS  old keys and their shares stay; new ones:"] + list(rows, each: 2)
    }

    private func list(_ rows: [String], each: Int = 1) -> [String] {
        let shown = Self.validatorsShown * each
        let rest = (rows.count - shown) / each
        return rows.prefix(shown).map { "  " + $0 } + (rest > 0 ? ["  … and \(rest) more"] : [])
    }

    // MARK: Files

    private func files(_ plan: ResharePlan) -> [String] {
        guard plan.ownSeat.new != nil else {
            return ["WRITTEN  nothing: you leave the cluster, and keep nothing of the new one"]
        }
        return written(keys: plan.lock.validators.count, deposits: [])
    }

    private func files(_ plan: ValidatorAddition) -> [String] {
        let total = plan.lock.validators.count + plan.addresses.count
        guard edit.request.keymanagerAddress.isEmpty else {
            return written(keys: 0, deposits: edit.depositFiles.map(\.name)) + [
                "  (the \(plan.addresses.count) new key shares go to the keymanager)"
            ]
        }
        return written(keys: total, deposits: edit.depositFiles.map(\.name))
    }

    private func written(keys: Int, deposits: [String]) -> [String] {
        let directory = FileAccess.absolute(edit.request.outputDirectory)
        return Self.wrapped("WRITTEN  into \(directory), all of it or nothing:", indent: 0, hanging: 9)
            + EditOutput.names(keys: keys, deposits: deposits).map { "  " + $0 }
            + ["  The directory in use now is not touched."]
    }

    private var warnings: [String] {
        edit.warnings.isEmpty
            ? [] : ["WARNINGS"] + edit.warnings.flatMap { Self.wrapped("! " + $0, indent: 2, hanging: 4) }
    }

    private var next: [String] {
        let steps = [
            "Compare this with what the other operators see.",
            "Then all run the same without --dry-run. The nodes may go on validating meanwhile.",
            "When all have their new directory, all stop their nodes, and run styx alpha edit switch.",
        ]
        return ["NEXT"] + steps.flatMap { Self.wrapped("• " + $0, indent: 2, hanging: 4) }
    }

    private static func wrapped(_ text: String, indent: Int, hanging: Int) -> [String] {
        ClusterInspection.wrapped(text, indent: indent, hanging: hanging, width: width)
    }
}
