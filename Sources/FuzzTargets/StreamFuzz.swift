import Libp2p
import NIOCore

/// What runs on a byte stream before and inside our protocols. Input starts with how it is cut (`ByteSource.pieces`).
enum StreamFuzz {
    static let served = ["/charon/parsigex/2.0.0", "/noise", "/yamux/1.0.0"]

    /// Byte 0: role.
    static func multistream(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let isDialer = source.flag()
        let pieces = source.pieces()
        let cut = isDialer ? dial(pieces) : listen(pieces)
        let whole = isDialer ? dial([pieces.flatMap { $0 }]) : listen([pieces.flatMap { $0 }])
        precondition(cut == whole, "the answer depends on how the bytes are cut: \(cut), \(whole)")
        precondition(cut.output.count <= 32 * 64, "\(cut.output.count) bytes of answers")
        return cut.result
    }

    private struct Outcome: Equatable {
        var result = "waits"
        var output: [UInt8] = []
        /// What follows the agreement.
        var rest: [UInt8] = []
    }

    private static func dial(_ pieces: [[UInt8]]) -> Outcome {
        var machine = MultistreamDialer(proposals: served)
        return drive(pieces) { input, output in try machine.receive(&input, output: &output) }
    }

    private static func listen(_ pieces: [[UInt8]]) -> Outcome {
        var machine = MultistreamListener()
        return drive(pieces) { input, output in
            try machine.receive(&input, output: &output) { served.contains($0) }
        }
    }

    private static func drive(
        _ pieces: [[UInt8]], _ receive: (inout ByteBuffer, inout ByteBuffer) throws -> String?
    ) -> Outcome {
        var outcome = Outcome()
        var (input, output) = (ByteBuffer(), ByteBuffer())
        var isOver = false
        for piece in pieces {
            input.writeBytes(piece)
            guard !isOver else { continue }
            do {
                if let agreed = try receive(&input, &output) {
                    precondition(served.contains(agreed))
                    outcome.result = agreed
                    isOver = true
                } else {
                    precondition(input.readableBytes <= Multistream.textBytesMax + 2, "too much waits")
                }
            } catch {
                outcome.result = word(error)
                isOver = true
            }
        }
        outcome.output = Array(output.readableBytesView)
        // After an error nobody reads on.
        if served.contains(outcome.result) { outcome.rest = Array(input.readableBytesView) }
        return outcome
    }

    private static let delimitedMax = 300

    static func delimited(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let pieces = source.pieces()
        let cut = read(pieces)
        let whole = read([pieces.flatMap { $0 }])
        precondition(cut == whole, "messages depend on how the bytes are cut")
        return "\(min(cut.count, 3))" + (cut.last?.hasPrefix("[") == false ? cut.last ?? "" : "")
    }

    /// All messages and how it ended.
    private static func read(_ pieces: [[UInt8]]) -> [String] {
        var reader = DelimitedReader(limit: delimitedMax)
        var input = ByteBuffer()
        var found: [String] = []
        for piece in pieces {
            input.writeBytes(piece)
            do {
                while let body = try reader.receive(&input) {
                    precondition(body.count <= delimitedMax)
                    found.append("\(body)")
                    reader = DelimitedReader(limit: delimitedMax)
                    guard input.readableBytes > 0 else { break }
                }
            } catch {
                return found + [word(error)]
            }
        }
        return found
    }

    /// Messages, each with one byte of length before it, merged into one.
    static func identify(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        return outcome {
            var identify = Identify()
            for _ in 0..<Identify.messagesMax where !source.isEmpty {
                let length = Int(source.byte())
                try identify.merge(ByteBuffer(bytes: length == 255 ? source.rest() : source.take(length)))
                precondition(identify.listenAddresses.count <= Identify.addressesMax)
                precondition(identify.protocols.count <= Identify.protocolsMax)
            }
            var again = Identify()
            guard (try? again.merge(ByteBuffer(bytes: identify.encode()))) != nil else {
                preconditionFailure("our own identify does not decode")
            }
            precondition(again == identify, "identify changed")
            return
                "ok\(identify.peer == nil)\(min(identify.listenAddresses.count, 2))\(identify.observedAddress == nil)"
        }
    }
}
