import SSZ
import TestSupport
import Testing

@testable import DKG

/// Broken messages give errors: no trap, and nothing decoded that is larger than what came.
@Suite("damaged ceremony messages", .enabled(if: Recording.areThere, "needs shared/vectors/dkg"))
struct MessageMutationTests {
    /// One message of each kind and protocol, of recordings that together have all.
    private static let samples: [(Recording, Recording.Stream, [UInt8])] = {
        var samples: [(Recording, Recording.Stream, [UInt8])] = []
        var seen: Set<String> = []
        for name in ["frost-v1.10.3", "frost-v1.11-dev", "replace-operator", "sync-restart"] {
            guard let recording = Recording.all.first(where: { $0.name == name }) else { continue }
            for stream in recording.streams where stream.kind != .sync {
                guard let bytes = try? stream.message() else { continue }
                let text = String(decoding: bytes.prefix(64), as: UTF8.self)
                let id = BroadcastID.allCases.first { text.contains($0.rawValue) }
                let key = stream.kind.rawValue + (id?.rawValue ?? "")
                if seen.insert(key).inserted { samples.append((recording, stream, bytes)) }
            }
            if let stream = recording.streams(.sync).first, let bytes = try? Recording.Stream.frames(stream.request)[0]
            {
                samples.append((recording, stream, bytes))
            }
        }
        return samples
    }()

    @Test("each cut and each flipped byte is an error or another message, never a trap")
    func flipped() throws {
        #expect(Self.samples.count > 15)
        for (recording, stream, bytes) in Self.samples {
            for cut in 0..<bytes.count { _ = try? RecordedMessage.recoded(Array(bytes.prefix(cut)), stream, recording) }
            for position in bytes.indices {
                var damaged = bytes
                damaged[position] ^= 1 << UInt8(position % 8)
                let again = try? RecordedMessage.recoded(damaged, stream, recording)
                if let again { #expect(again.count <= 2 * bytes.count + 256) }
            }
        }
    }

    @Test("a length beyond the message is refused wherever it stands")
    func lengths() {
        let huge: [[UInt8]] = [
            [0xff, 0xff, 0xff, 0xff, 0x0f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ]
        for (recording, stream, bytes) in Self.samples {
            for length in huge {
                for number in 1...6 {
                    let field = [UInt8(number << 3 | 2)] + length
                    #expect(throws: (any Error).self) {
                        try RecordedMessage.recoded(bytes + field, stream, recording)
                    }
                }
            }
        }
    }

    @Test("random damage never traps", arguments: 0..<20)
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for (recording, stream, bytes) in Self.samples {
            for _ in 0..<20 {
                let damaged = Mutation.damage(bytes, using: &generator)
                _ = try? RecordedMessage.recoded(damaged, stream, recording)
            }
        }
    }
}
