import DKG
import Ethereum

/// A ceremony for people: a table of all operators, and what has changed since the last one.
package struct CeremonyTable: Sendable {
    private let plan: CeremonyPlan
    private var last: CeremonyView?
    /// When each operator's row last became what it is.
    private var since: [ParticipantIndex: Instant] = [:]

    package init(_ plan: CeremonyPlan) { self.plan = plan }

    /// Something that has changed, for a log.
    package struct Change: Equatable, Sendable {
        /// Nil: this node.
        package let participant: ParticipantIndex?
        package let message: Message
        package let facts: [String: String]

        package enum Message: Sendable {
            case activity, connected, away, step, done
        }
    }

    /// Takes the newest view.
    package mutating func update(_ view: CeremonyView, at now: Instant) -> [Change] {
        var changes: [Change] = []
        if last?.activity != view.activity || last?.step != view.step {
            changes.append(
                Change(
                    participant: nil, message: .activity,
                    facts: ["step": step(view.step), "activity": view.activity]))
        }
        for row in view.rows {
            let before = last?.rows.first { $0.participant == row.participant }
            guard row != before else { continue }
            since[row.participant] = now
            var facts = ["operator": "\(row.participant)"]
            if !row.nickname.isEmpty { facts["nickname"] = row.nickname }
            if row.presence != before?.presence {
                switch row.presence {
                case .here: changes.append(Change(participant: row.participant, message: .connected, facts: facts))
                case .away: changes.append(Change(participant: row.participant, message: .away, facts: facts))
                case .finished: changes.append(Change(participant: row.participant, message: .done, facts: facts))
                case .neverSeen: break
                }
            }
            if row.step != before?.step, let step = row.step, step > 0 {
                facts["step"] = self.step(step)
                changes.append(Change(participant: row.participant, message: .step, facts: facts))
            }
        }
        last = view
        return changes
    }

    /// - Parameter columns: no line is longer.
    package func lines(at now: Instant, columns: Int) -> [String] {
        guard let view = last else { return [] }
        var lines = ["key ceremony: step \(step(view.step)), \(view.activity), \(Self.age(now - view.since))"]
        lines.append("  #  operator          here      step               missing")
        for row in view.rows {
            let age = since[row.participant].map { Self.age(now - $0) } ?? ""
            let name = row.nickname.isEmpty ? Self.shortened(plan.name(of: row.participant)) : row.nickname
            let presence =
                switch row.presence {
                case .neverSeen: "not yet"
                case .here: "yes"
                case .away: "away"
                case .finished: "done"
                }
            lines.append(
                "  " + Self.padded("\(row.participant)", 3) + Self.padded(name, 18) + Self.padded(presence, 10)
                    + Self.padded(row.step.map(step) ?? "-", 19) + (row.missing ?? "nothing") + " (\(age))")
        }
        return lines.map { String($0.prefix(max(20, columns - 1))) }
    }

    private func step(_ step: Int) -> String { "\(step)/\(plan.works.count + 2) \(plan.name(ofStep: step))" }

    /// Without what all of them begin with.
    private static func shortened(_ name: String) -> String {
        guard let open = name.firstIndex(of: "(") else { return name }
        return String(name[name.index(after: open)...].dropLast())
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        let cut = text.prefix(width - 1)
        return cut + String(repeating: " ", count: width - cut.count)
    }

    private static func age(_ age: Duration) -> String {
        let seconds = max(0, age.components.seconds)
        return seconds < 120 ? "\(seconds) s" : "\(seconds / 60) min"
    }
}
