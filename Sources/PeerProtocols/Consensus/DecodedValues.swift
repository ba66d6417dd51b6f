import DutyWorkflow
import Foundation
import SSZ
import Synchronization

/// Values decoded lately, by the bytes they came in: every vote of a duty carries its value anew, from each operator, and
/// decoding and hashing one costs some 12 µs for each validator. The oldest are forgotten; a flood only costs the gain.
final class DecodedValues: Sendable {
    struct Value: Sendable {
        let hash: Root
        let value: ConsensusValue
    }

    private struct Entry: Sendable {
        let type: DutyType
        let bytes: Data
        let value: Value
    }

    private static let countMax = 16
    /// Of the wire; in memory a value takes up to three times that.
    private static let bytesMax = 8 << 20

    private let entries = Mutex<[Entry]>([])

    func find(_ bytes: Data, of type: DutyType) -> Value? {
        entries.withLock { entries in entries.last { $0.type == type && $0.bytes == bytes }?.value }
    }

    /// Does nothing for a value that is larger than all others together may be.
    func insert(_ value: Value, from bytes: Data, of type: DutyType) {
        guard bytes.count <= Self.bytesMax else { return }
        entries.withLock { entries in
            // A copy: a slice would keep the whole message.
            entries.append(Entry(type: type, bytes: Data(Array(bytes)), value: value))
            while entries.count > Self.countMax || entries.reduce(0, { $0 + $1.bytes.count }) > Self.bytesMax {
                entries.removeFirst()
            }
        }
    }
}
