import NIOCore
import TestSupport
import Testing

@testable import Libp2p

@Suite struct MultistreamTests {
    static let header: [UInt8] = [0x13] + Array("/multistream/1.0.0\n".utf8)

    static func message(_ text: String) -> [UInt8] {
        var buffer = ByteBuffer()
        Multistream.write(text, into: &buffer)
        return buffer.array
    }

    @Test("header and first proposal leave together")
    func start() {
        var output = ByteBuffer()
        MultistreamDialer(proposals: ["/noise", "/x"]).start(into: &output)
        #expect(output.array == Self.header + [7] + Array("/noise\n".utf8))
    }

    @Test("the listener finds the agreement and leaves lazy data, wherever the stream is cut")
    func listenerEverySplit() throws {
        let bytes = Self.header + Self.message("/tls/1.0.0") + Self.message("/noise") + [1, 2, 3]
        for cut in 0...bytes.count {
            var listener = MultistreamListener()
            var input = ByteBuffer(bytes: bytes.prefix(cut))
            var output = ByteBuffer()
            var agreed = try listener.receive(&input, output: &output) { $0 == "/noise" }
            input.writeBytes(bytes.dropFirst(cut))
            if agreed == nil { agreed = try listener.receive(&input, output: &output) { $0 == "/noise" } }
            #expect(agreed == "/noise")
            #expect(input.array == [1, 2, 3])
            #expect(output.array == Self.header + Self.message("na") + Self.message("/noise"))
        }
    }

    @Test("the dialer goes through its proposals, wherever the stream is cut")
    func dialerEverySplit() throws {
        let bytes = Self.header + Self.message("na") + Self.message("/b") + [9]
        for cut in 0...bytes.count {
            var dialer = MultistreamDialer(proposals: ["/a", "/b", "/c"])
            var input = ByteBuffer(bytes: bytes.prefix(cut))
            var output = ByteBuffer()
            var agreed = try dialer.receive(&input, output: &output)
            input.writeBytes(bytes.dropFirst(cut))
            if agreed == nil { agreed = try dialer.receive(&input, output: &output) }
            #expect(agreed == "/b")
            #expect(input.array == [9])
            #expect(output.array == Self.message("/b"))
        }
    }

    static let hostile: [([UInt8], Multistream.Failure)] = [
        ([0], .malformed),
        ([1, UInt8(ascii: "a")], .malformed),
        ([0x80, 0x00], .malformed),
        ([UInt8](repeating: 0xff, count: 9), .malformed),
        ([0x81, 0x08], .tooLong(1025)),
        ([0x80, 0x80, 0x04], .tooLong(65536)),
        ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], .tooLong(UInt64(Int64.max))),
        ([3, 0xff, 0xfe, 0x0a], .malformed),
        (message("/multistream/2.0.0"), .wrongHeader),
        (message("na"), .wrongHeader),
    ]

    @Test("refuses broken messages", arguments: hostile)
    func refuses(bytes: [UInt8], failure: Multistream.Failure) {
        #expect(throws: failure) {
            var listener = MultistreamListener()
            var input = ByteBuffer(bytes: bytes)
            var output = ByteBuffer()
            _ = try listener.receive(&input, output: &output) { _ in true }
        }
        #expect(throws: failure) {
            var dialer = MultistreamDialer(proposals: ["/a"])
            var input = ByteBuffer(bytes: bytes)
            var output = ByteBuffer()
            _ = try dialer.receive(&input, output: &output)
        }
    }

    @Test(
        "the dialer refuses answers",
        arguments: [("/x", .unexpectedAnswer), ("na", .refused), ("/multistream/1.0.0", .unexpectedAnswer)]
            as [(String, Multistream.Failure)])
    func dialerRefuses(answer: String, failure: Multistream.Failure) {
        #expect(throws: failure) {
            var dialer = MultistreamDialer(proposals: ["/a"])
            var input = ByteBuffer(bytes: Self.header + Self.message(answer))
            var output = ByteBuffer()
            _ = try dialer.receive(&input, output: &output)
        }
    }

    @Test("patience for proposals is bounded")
    func tooManyProposals() throws {
        var listener = MultistreamListener()
        var output = ByteBuffer()
        var input = ByteBuffer(bytes: Self.header)
        for _ in 1..<Multistream.proposalsMax { input.writeBytes(Self.message("/unknown")) }
        #expect(try listener.receive(&input, output: &output) { _ in false } == nil)
        #expect(throws: Multistream.Failure.tooManyProposals) {
            var input = ByteBuffer(bytes: Self.message("/unknown"))
            _ = try listener.receive(&input, output: &output) { _ in false }
        }
    }

    @Test("random bytes never trap")
    func randomBytes() {
        var dice = SeededGenerator(seed: 7)
        for _ in 0..<5_000 {
            var input = ByteBuffer(bytes: Self.header + dice.bytes(Int(dice.next() % 64)))
            var output = ByteBuffer()
            var listener = MultistreamListener()
            _ = try? listener.receive(&input, output: &output) { _ in false }
            var dialer = MultistreamDialer(proposals: ["/a", "/b"])
            _ = try? dialer.receive(&input, output: &output)
        }
    }
}
