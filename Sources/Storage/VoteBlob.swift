import QBFT
import SSZ

/// Column `vote.message`: a consensus message with its justification.
///
/// `version u8 = 1 ‖ message ‖ count u16 ‖ count × message`, each message being
/// `kind u8 ‖ source u32 ‖ round u64 ‖ value 32 ‖ prepared round u64 ‖ prepared value 32 ‖ length u16 ‖ signature`.
/// Justifications are flat (consensus.md §2), so the messages in them have none.
enum VoteBlob {
    private static let version: UInt8 = 1
    /// Twice the nodes of a cluster at most on the wire (consensus.md §4); far above any cluster.
    static let justificationMax = 1024
    /// 65 in practice. Opaque here.
    static let signatureBytesMax = 1024

    static func encode(_ message: Message) throws(BlobError) -> [UInt8] {
        guard message.justification.count <= justificationMax else {
            throw .limit("justifications", message.justification.count)
        }
        var out: [UInt8] = [version]
        try append(message, to: &out)
        out.appendInteger(UInt16(message.justification.count))
        for part in message.justification {
            guard part.justification.isEmpty else { throw .limit("nested justifications", part.justification.count) }
            try append(part, to: &out)
        }
        return out
    }

    static func decode(_ bytes: [UInt8]) throws(BlobError) -> Message {
        var reader = BlobReader(bytes)
        let found = try reader.integer(UInt8.self)
        guard found == version else { throw .version(found) }
        var message = try readMessage(&reader)
        let count = Int(try reader.integer(UInt16.self))
        guard count <= justificationMax else { throw .limit("justifications", count) }
        for _ in 0..<count { message.justification.append(try readMessage(&reader)) }
        try reader.end()
        return message
    }

    private static func append(_ message: Message, to out: inout [UInt8]) throws(BlobError) {
        guard let source = UInt32(exactly: message.source) else { throw .range("source") }
        guard let round = UInt64(exactly: message.round) else { throw .range("round") }
        guard let preparedRound = UInt64(exactly: message.preparedRound) else { throw .range("prepared round") }
        guard message.signature.count <= signatureBytesMax else {
            throw .limit("bytes of a signature", message.signature.count)
        }
        out.append(UInt8(truncatingIfNeeded: message.kind.rawValue))
        out.appendInteger(source)
        out.appendInteger(round)
        out += message.value.bytes
        out.appendInteger(preparedRound)
        out += message.preparedValue.bytes
        out.appendInteger(UInt16(message.signature.count))
        out += message.signature
    }

    private static func readMessage(_ reader: inout BlobReader) throws(BlobError) -> Message {
        guard let kind = Message.Kind(rawValue: Int64(try reader.integer(UInt8.self))) else { throw .range("kind") }
        let source = Int(try reader.integer(UInt32.self))
        let round = try readRound(&reader)
        let value = try reader.fixed(Root.self)
        let preparedRound = try readRound(&reader)
        let preparedValue = try reader.fixed(Root.self)
        let length = Int(try reader.integer(UInt16.self))
        guard length <= signatureBytesMax else { throw .limit("bytes of a signature", length) }
        return Message(
            kind, round: round, source: source, value: value, preparedRound: preparedRound,
            preparedValue: preparedValue, signature: Array(try reader.bytes(length)), justification: [])
    }

    private static func readRound(_ reader: inout BlobReader) throws(BlobError) -> Int64 {
        guard let round = Int64(exactly: try reader.integer(UInt64.self)) else { throw .range("round") }
        return round
    }
}
