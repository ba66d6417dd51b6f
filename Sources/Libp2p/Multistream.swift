import NIOCore

/// multistream-select 1.0: both sides agree on what the following bytes mean.
///
/// A message is an unsigned varint length, a text and a newline; the length counts the newline. Each side sends
/// the header once; the dialer proposes ids until the listener echoes one. Both machines read from a byte stream
/// cut anywhere and leave what follows the agreement untouched. Source: spec/p2p.md §3.1.
package enum Multistream {
    package static let header = "/multistream/1.0.0"
    static let refusal = "na"

    /// Our own limit on one text, newline included; the standard's is 64 KiB, no id in use reaches 100.
    package static let textBytesMax = 1024
    /// How many ids a dialer may try before we lose patience.
    package static let proposalsMax = 32

    package enum Failure: Error, Equatable, Sendable {
        case tooLong(UInt64)
        /// Empty, no newline, not UTF-8, or a bad length.
        case malformed
        case wrongHeader
        /// The listener answered with an id that was not asked for.
        case unexpectedAnswer
        /// The listener refused every id.
        case refused
        case tooManyProposals
    }

    static func write(_ text: String, into buffer: inout ByteBuffer) {
        UVarint.write(UInt64(text.utf8.count + 1), into: &buffer)
        buffer.writeString(text)
        buffer.writeInteger(UInt8(ascii: "\n"))
    }

    /// - Returns: nil, with `input` as it was, until a whole message is there.
    static func read(_ input: inout ByteBuffer) throws(Failure) -> String? {
        let parsed: (value: UInt64, length: Int)?
        do { parsed = try UVarint.parse(input.readableBytesView) } catch { throw .malformed }
        guard let (count, prefix) = parsed else { return nil }
        // Before waiting for the body: an oversized claim is refused at once.
        guard count <= textBytesMax else { throw .tooLong(count) }
        guard count > 0 else { throw .malformed }
        let length = Int(count)
        guard input.readableBytes >= prefix + length else { return nil }
        input.moveReaderIndex(forwardBy: prefix)
        guard let body = input.readSlice(length: length), body.readableBytesView.last == UInt8(ascii: "\n"),
            let text = String(validating: body.readableBytesView.dropLast(), as: UTF8.self)
        else { throw .malformed }
        return text
    }
}

/// The proposing side. `start`, then `receive` until it names the agreed id.
package struct MultistreamDialer: Sendable {
    private let proposals: [String]
    private var current = 0
    private var sawHeader = false

    /// - Precondition: at least one proposal; the most wanted comes first.
    package init(proposals: [String]) {
        precondition(!proposals.isEmpty)
        self.proposals = proposals
    }

    /// Writes header and first proposal together; application data may follow at once if the answer is known.
    package func start(into output: inout ByteBuffer) {
        Multistream.write(Multistream.header, into: &output)
        Multistream.write(proposals[0], into: &output)
    }

    /// - Returns: the agreed id, or nil when more bytes are needed. `output` gets the next proposal, if any.
    package mutating func receive(
        _ input: inout ByteBuffer, output: inout ByteBuffer
    ) throws(Multistream.Failure) -> String? {
        while let text = try Multistream.read(&input) {
            guard sawHeader else {
                guard text == Multistream.header else { throw .wrongHeader }
                sawHeader = true
                continue
            }
            if text == proposals[current] { return text }
            guard text == Multistream.refusal else { throw .unexpectedAnswer }
            current += 1
            guard current < proposals.count else { throw .refused }
            Multistream.write(proposals[current], into: &output)
        }
        return nil
    }
}

/// The answering side.
package struct MultistreamListener: Sendable {
    private var refused = 0
    private var sawHeader = false

    package init() {}

    /// - Parameter supports: whether an id is served; asked once per proposal.
    /// - Returns: the agreed id, or nil when more bytes are needed. `output` gets our header and answers.
    package mutating func receive(
        _ input: inout ByteBuffer, output: inout ByteBuffer, supports: (String) -> Bool
    ) throws(Multistream.Failure) -> String? {
        while let text = try Multistream.read(&input) {
            guard sawHeader else {
                guard text == Multistream.header else { throw .wrongHeader }
                sawHeader = true
                Multistream.write(Multistream.header, into: &output)
                continue
            }
            if supports(text) {
                Multistream.write(text, into: &output)
                return text
            }
            refused += 1
            guard refused < Multistream.proposalsMax else { throw .tooManyProposals }
            Multistream.write(Multistream.refusal, into: &output)
        }
        return nil
    }
}
