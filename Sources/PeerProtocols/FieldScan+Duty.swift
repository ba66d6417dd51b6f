import DutyWorkflow
import Ethereum

extension FieldScan {
    /// Our messages have some dozen fields before the one that is looked for; walking through millions takes time.
    private static let fieldsMax = 1024
    /// Ours take 14 at most; what later versions may add has room.
    private static let dutyBytesMax = 1024

    /// The duty at the end of a path of message fields, found without decoding anything else.
    ///
    /// The first occurrence of a field counts; a decoder would merge all. So whoever decodes the whole message must
    /// compare.
    static func duty(in bytes: [UInt8], at path: [UInt64], of message: String) throws(MessageFault) -> Duty {
        var range = bytes.indices
        for (depth, field) in path.enumerated() {
            var scan = FieldScan(bytes, range)
            guard let body = try scan.first(field, of: message) else {
                throw .missingField(depth == path.count - 1 ? "duty" : "msg")
            }
            range = body
        }
        guard range.count <= dutyBytesMax else { throw .undecodable(message) }
        return try WireDuty(wire: Array(bytes[range]), message).duty()
    }

    private mutating func first(_ field: UInt64, of message: String) throws(MessageFault) -> Range<Int>? {
        for _ in 0..<Self.fieldsMax {
            guard let next = next() else { break }
            if next.number == field, let body = next.body { return body }
        }
        guard isComplete else { throw .undecodable(message) }
        return nil
    }
}
