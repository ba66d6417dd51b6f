import Ethereum
import Logging

@testable import LogSinks

/// 2025-11-29T16:30:05.123456789Z.
let sampleTime = Instant(nanoseconds: 1_764_433_805_123_456_789)

func record(
    _ message: String = "peer connected", _ level: Logger.Level = .info, topic: String = "p2p",
    _ fields: [LogRecord.Field] = [], at time: Instant = sampleTime
) -> LogRecord {
    LogRecord(
        time: time, level: level, topic: topic, message: message, fields: fields, file: "Node/StyxNode.swift", line: 17)
}

/// The line of log dashboards. Source: operations.md §16.3.
let failedDuty = record(
    "Duty failed", .error, topic: "tracker",
    [
        .init("duty", "123/attester"), .init("reason", "no operator \"signed\""), .init("reason_code", "unknown"),
        .init("slot", "123"), .init("step", "consensus"),
    ])

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

extension LogLayout {
    /// In UTC unless told otherwise.
    static func utc(
        _ format: LogFormat, isColored: Bool = false, east: Int = 0,
        masked: @escaping @Sendable (String) -> String = { $0 }
    ) -> LogLayout {
        LogLayout(format, isColored: isColored, masked: masked) { _ in east }
    }
}
