import DutyWorkflow
import Ethereum
import SSZ

/// Column `vote_value.data` of info-sync duties: a result and the messages it was made of.
///
/// `version u8 = 1 ‖ count u16 ‖ count × message ‖ count u16 ‖ count × topic result`, where a message is
/// `slot u64 ‖ peer id ‖ signature ‖ count u16 ‖ count × (item ‖ count u16 ‖ count × item)`, a topic result
/// `item ‖ count u16 ‖ count × (item ‖ score u64)`, an item `type url ‖ value`, and a text or bytes `length u32 ‖ bytes`.
enum PriorityBlob {
    private static let version: UInt8 = 1
    /// More than the wire allows for any cluster.
    static let bytesMax = 32 << 20

    static func encode(_ result: PriorityResult) throws(BlobError) -> [UInt8] {
        var out: [UInt8] = [version]
        try append(count: result.messages.count, to: &out)
        for message in result.messages {
            guard message.duty.type == .infoSync else { throw .range("duty type") }
            out.appendInteger(message.duty.slot.rawValue)
            append(Array(message.peerID.utf8), to: &out)
            append(message.signature, to: &out)
            try append(count: message.topics.count, to: &out)
            for topic in message.topics {
                append(topic.topic, to: &out)
                try append(count: topic.priorities.count, to: &out)
                for priority in topic.priorities { append(priority, to: &out) }
            }
        }
        try append(count: result.topics.count, to: &out)
        for topic in result.topics {
            append(topic.topic, to: &out)
            try append(count: topic.priorities.count, to: &out)
            for scored in topic.priorities {
                append(scored.priority, to: &out)
                out.appendInteger(UInt64(bitPattern: scored.score))
            }
        }
        guard out.count <= bytesMax else { throw .limit("bytes of a result", out.count) }
        return out
    }

    static func decode(_ bytes: [UInt8]) throws(BlobError) -> PriorityResult {
        guard bytes.count <= bytesMax else { throw .limit("bytes of a result", bytes.count) }
        var reader = BlobReader(bytes)
        let found = try reader.integer(UInt8.self)
        guard found == version else { throw .version(found) }
        var result = PriorityResult(messages: [], topics: [])
        for _ in 0..<(try reader.integer(UInt16.self)) { result.messages.append(try message(&reader)) }
        for _ in 0..<(try reader.integer(UInt16.self)) {
            var topic = PriorityResult.TopicResult(topic: try item(&reader), priorities: [])
            for _ in 0..<(try reader.integer(UInt16.self)) {
                let priority = try item(&reader)
                topic.priorities.append(
                    .init(priority: priority, score: Int64(bitPattern: try reader.integer(UInt64.self))))
            }
            result.topics.append(topic)
        }
        try reader.end()
        return result
    }

    private static func message(_ reader: inout BlobReader) throws(BlobError) -> PriorityMessage {
        let duty = Duty(slot: Slot(try reader.integer(UInt64.self)), type: .infoSync)
        let peerID = String(decoding: try data(&reader), as: UTF8.self)
        var message = PriorityMessage(duty: duty, topics: [], peerID: peerID, signature: Array(try data(&reader)))
        for _ in 0..<(try reader.integer(UInt16.self)) {
            var topic = PriorityMessage.TopicProposal(topic: try item(&reader), priorities: [])
            for _ in 0..<(try reader.integer(UInt16.self)) { topic.priorities.append(try item(&reader)) }
            message.topics.append(topic)
        }
        return message
    }

    private static func item(_ reader: inout BlobReader) throws(BlobError) -> PriorityAny {
        PriorityAny(typeURL: Array(try data(&reader)), value: Array(try data(&reader)))
    }

    private static func data(_ reader: inout BlobReader) throws(BlobError) -> ArraySlice<UInt8> {
        try reader.bytes(Int(try reader.integer(UInt32.self)))
    }

    private static func append(_ item: PriorityAny, to out: inout [UInt8]) {
        append(item.typeURL, to: &out)
        append(item.value, to: &out)
    }

    private static func append(_ bytes: [UInt8], to out: inout [UInt8]) {
        out.appendInteger(UInt32(bytes.count))
        out += bytes
    }

    private static func append(count: Int, to out: inout [UInt8]) throws(BlobError) {
        guard let count = UInt16(exactly: count) else { throw .limit("entries of a result", count) }
        out.appendInteger(count)
    }
}
