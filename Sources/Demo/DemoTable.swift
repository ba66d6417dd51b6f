import DutyWorkflow
import Ethereum

/// The demo's table: a line for each duty of a slot, and one for each type in the end.
struct DemoTable: Sendable {
    let board: DemoBoard
    let expectations: DemoExpectations
    let nodes: Int

    static let header =
        "  slot  duty          vals  round  decide p50/max     broadcast p50/max  nodes  included"

    /// What the columns mean, where that is not plain.
    static let legend =
        "  decide: start of consensus to decision; broadcast: decision to beacon node, where nothing is decided: duty's\n"
        + "  start to beacon node; nodes: how many handed it in"

    /// - Parameter isOver: whether what is missing will not come any more.
    func lines(_ slot: Slot, isOver: Bool) async -> [String] {
        var lines: [String] = []
        for row in expectations.rows(in: slot) { lines.append(await line(row, in: slot, isOver)) }
        return lines.isEmpty ? ["  \(Self.pad("\(slot)", 4))  no duties"] : lines
    }

    private func line(_ row: DemoExpectations.Row, in slot: Slot, _ isOver: Bool) async -> String {
        let duty = row.duty
        let heard = board.row(duty) ?? DemoBoard.Row()
        let included = await expectations.chain.inclusions(duty).filter { row.parts.contains($0.part) }
        let copies = included.count == row.parts.count ? included.map(\.copies).min() ?? 0 : 0
        let out = duty.type.rules.isDecided ? Array(heard.broadcasting.values) : included.map { $0.arrival - row.begin }
        let mark = included.count == row.parts.count ? "✔" : isOver ? "✘" : "…"
        let isBlinded = duty.type == .proposer ? await expectations.chain.isBlinded(duty.slot) : nil
        let columns = [
            Self.pad("\(slot)", 4), Self.pad(Self.name(duty.type), 12, left: false),
            Self.pad("\(row.parts.count)", 4), Self.pad(heard.round.map { "\($0)" } ?? "–", 5),
            Self.pad(Percentile.span(Array(heard.deciding.values), 1), 17, left: false),
            Self.pad(Percentile.span(out, 1), 17, left: false), Self.pad("\(copies)/\(nodes)", 5),
            Self.pad("\(included.count)/\(row.parts.count)", 7),
        ]
        return "  " + columns.joined(separator: "  ") + " " + mark + (isBlinded.map { $0 ? " blinded" : " full" } ?? "")
    }

    // MARK: Summary

    static let summaryHeader =
        "  duty          included      start → beacon node  decide             decided → broadcast  first round\n"
        + "                              p50 / p90            p50 / p99          p50 / p99"

    /// - Parameter rows: what the nodes said of all duties of this type.
    static func summaryLine(_ type: DutyType, _ tally: DemoTally, _ rows: [DemoBoard.Row]) -> String {
        let rounds = rows.flatMap(\.rounds.values)
        let first = rounds.isEmpty ? "–" : "\(rounds.count { $0 == 1 }) of \(rounds.count)"
        let columns = [
            pad(name(type), 12, left: false),
            pad("\(tally.included) of \(tally.expected)", 12, left: false),
            pad(Percentile.span(tally.delays, 0.9), 19, left: false),
            pad(Percentile.span(rows.flatMap(\.deciding.values), 0.99), 17, left: false),
            pad(Percentile.span(rows.flatMap(\.broadcasting.values), 0.99), 19, left: false), first,
        ]
        return "  " + columns.joined(separator: "  ")
    }

    static func name(_ type: DutyType) -> String {
        switch type {
        case .syncMessage: "sync message"
        case .syncContribution: "contribution"
        default: type.name
        }
    }

    private static func pad(_ text: String, _ width: Int, left: Bool = true) -> String {
        let fill = String(repeating: " ", count: max(0, width - text.count))
        return left ? fill + text : text + fill
    }
}
