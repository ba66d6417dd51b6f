import Foundation
import SSZ

/// All numbers of a run, as a table for people and as JSON for programs.
struct Report: Sendable {
    private(set) var measurements: [Measurement] = []

    mutating func append(_ measurement: Measurement) { measurements.append(measurement) }

    static let columns = ["name", "n", "value", "unit", "clock", "budget", "ok?"]

    /// One line, aligned with the others.
    static func line(_ cells: [String]) -> String {
        let widths = [52, 6, 9, 11, 8, 7, 4]
        var line = ""
        for (column, (cell, width)) in zip(cells, widths).enumerated() {
            let padding = String(repeating: " ", count: max(0, width - cell.count))
            line += (1...2 ~= column ? padding + cell : cell + padding) + "  "
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    static func line(_ measurement: Measurement) -> String {
        let verdict = measurement.isWithinBudget.map { $0 ? "ok" : "MISS" } ?? ""
        return line([
            measurement.name, String(measurement.n), digits(measurement.value), measurement.unit,
            measurement.clock?.rawValue ?? "", measurement.budget?.text ?? "", verdict,
        ])
    }

    func json(quick: Bool) -> JSONValue {
        let rows = measurements.map { measurement -> JSONValue in
            var row = JSONObject()
            row.append("name", .string(measurement.name))
            row.append("n", JSONValue(measurement.n))
            row.append("value", .number(Self.digits(measurement.value)))
            row.append("unit", .string(measurement.unit))
            row.append("clock", measurement.clock.map { .string($0.rawValue) } ?? .null)
            row.append("budget", measurement.budget?.json ?? .null)
            row.append("ok", measurement.isWithinBudget.map { .bool($0) } ?? .null)
            return .object(row)
        }
        return [
            "machine": .string(Self.processor), "cores": JSONValue(ProcessInfo.processInfo.activeProcessorCount),
            "load_average": .number(Self.digits(Self.loadAverage)), "quick": .bool(quick),
            "optimised": .bool(Self.isOptimised), "measurements": .array(rows),
        ]
    }

    /// Model of the first core.
    static var processor: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }

    /// Runnable threads on the machine, averaged over a minute: above the number of cores, wall times mean little.
    static var loadAverage: Double {
        let text = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? ""
        return text.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }

    static var isOptimised: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }

    /// Four significant digits; whole numbers from 1000 on.
    static func digits(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let decimals =
            switch abs(value) {
            case 1000...: 0
            case 100...: 1
            case 10...: 2
            default: 3
            }
        return String(format: "%.\(decimals)f", value)
    }
}

extension Measurement.Budget {
    fileprivate var text: String {
        switch self {
        case .atMost(let limit): "≤ " + Report.short(limit)
        case .atLeast(let limit): "≥ " + Report.short(limit)
        }
    }

    fileprivate var json: JSONValue {
        switch self {
        case .atMost(let limit): ["at_most": .number(Report.short(limit))]
        case .atLeast(let limit): ["at_least": .number(Report.short(limit))]
        }
    }
}

extension Report {
    fileprivate static func short(_ value: Double) -> String { String(format: "%g", value) }
}
