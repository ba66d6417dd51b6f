import SSZ
import TestSupport
import Testing

@testable import LogSinks

/// Takes the block format apart, strictly. Source: google/snappy, format_description.txt.
enum SnappyReader {
    enum Failure: Error { case truncated, offset, length }

    static func decompress(_ input: [UInt8]) throws -> [UInt8] {
        var rest = input[...]
        func take(_ count: Int) throws -> ArraySlice<UInt8> {
            guard rest.count >= count else { throw Failure.truncated }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func number(_ count: Int) throws -> Int {
            try take(count).reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        var (length, shift) = (0, 0)
        while true {
            let byte = try number(1)
            length |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80 { break }
        }
        var output: [UInt8] = []
        func copy(_ offset: Int, _ count: Int) throws {
            guard offset > 0, offset <= output.count else { throw Failure.offset }
            for _ in 0..<count { output.append(output[output.count - offset]) }
        }
        while !rest.isEmpty {
            let tag = try number(1)
            let upper = tag >> 2
            switch tag & 3 {
            case 0: output += try take(1 + (upper < 60 ? upper : number(upper - 59)))
            case 1: try copy((upper >> 3) << 8 | number(1), 4 + upper & 7)
            case 2: try copy(number(2), upper + 1)
            default: try copy(number(4), upper + 1)
            }
        }
        guard output.count == length else { throw Failure.length }
        return output
    }
}

@Suite("snappy blocks")
struct SnappyTests {
    private static func check(_ input: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let compressed = Snappy.compress(input)
        #expect(try SnappyReader.decompress(compressed) == input, sourceLocation: sourceLocation)
        // The format's own bound.
        #expect(compressed.count <= 32 + input.count + input.count / 6, sourceLocation: sourceLocation)
    }

    @Test("the reader of these tests understands another compressor (cramjam 2, Rust's snap)")
    func foreign() throws {
        let sentence =
            "Wikipedia is a free, web-based, collaborative, multilingual encyclopedia project. Wikipedia is a wiki."
        for (text, compressed) in [
            ("", "0x00"), ("a", "0x010061"), (String(repeating: "ab", count: 50), "0x64046162fe0200860200"),
            (
                sentence,
                """
                0x66f04357696b697065646961206973206120667265652c207765622d62617365642c20636f6c6c61626f7261746976652c206d\
                756c74696c696e6775616c20656e6379636c6f70053f2070726f6a6563742e203a52001077696b692e
                """
            ),
        ] {
            #expect(try SnappyReader.decompress(Hex.decode(compressed, bytesMax: 1000)) == Array(text.utf8))
        }
    }

    @Test("every length around the borders of the format")
    func lengths() throws {
        for count in Array(0...200) + [255, 256, 257, 65_535, 65_536, 65_537, 131_073] {
            try Self.check([UInt8](repeating: 7, count: count))
            try Self.check((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) })
        }
    }

    @Test("copies of every length from every distance")
    func copies() throws {
        var generator = SeededGenerator(seed: 3)
        for distance in [4, 5, 60, 61, 2047, 2048, 2049, 40_000] {
            for length in [4, 5, 11, 12, 59, 60, 61, 64, 65, 67, 68, 69, 128, 131, 132, 1000] {
                let repeated = generator.bytes(length)
                let between = generator.bytes(max(0, distance - length))
                try Self.check(repeated + between + repeated + generator.bytes(3))
            }
        }
    }

    @Test("random bytes grow by next to nothing, and come back")
    func random() throws {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<50 { try Self.check(generator.bytes(Int.random(in: 0...5000, using: &generator))) }
        try Self.check(generator.bytes(200_000))
        for _ in 0..<50 {
            // Of few letters: many short copies.
            try Self.check((0..<3000).map { _ in UInt8.random(in: 0...3, using: &generator) })
        }
    }

    @Test("log lines shrink")
    func lines() throws {
        var layout = LogLayout.utc(.logfmt)
        let lines = (0..<500).flatMap { layout.line(record("peer connected", .info, [.init("peer", "\($0)")])) }
        try Self.check(lines)
        #expect(Snappy.compress(lines).count < lines.count / 4)
    }
}
