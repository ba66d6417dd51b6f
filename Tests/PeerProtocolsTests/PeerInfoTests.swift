import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import SwiftProtobuf
import TestSupport
import Testing

@testable import PeerProtocols

@Suite("peer info")
struct PeerInfoTests {
    private static let now = Instant(nanoseconds: 1_700_000_000_123_456_789)
    private let own = PeerInfo(
        lockHash: Root(padding: [1, 2, 3]), sentAt: now, gitHash: "0123abc",
        startedAt: Instant(unixSeconds: 1_600_000_000),
        nickname: "swift")

    private func assess(
        _ answer: PeerInfo, previous: PeerReport? = nil, now: Instant = now, roundTrip: Duration = .zero
    ) -> PeerInfoAssessment {
        PeerInfoAssessment(of: answer, own: own, previous: previous, receivedAt: now, roundTrip: roundTrip)
    }

    @Test(
        "recorded requests decode and encode to the same bytes", .enabled(if: Vectors.has("wire")),
        arguments: WireCapture.all)
    func recorded(capture: WireCapture) throws {
        let lines = capture.lines("/charon/peerinfo/2.0.0")
        #expect(!lines.isEmpty)
        for line in lines {
            var info = try PeerInfo(wire: line.message)
            #expect(info.wireBytes() == line.message, "line \(line.number)")
            #expect(info.lockHash == capture.lockHash && CharonVersion(info.charonVersion) != nil)
            let own = PeerInfo(lockHash: try #require(Root(capture.lockHash)), startedAt: Self.now)
            let sentAt = try #require(info.sentAt)
            // These nodes ran inside a test program and had no git hash: real peers would drop their answers.
            #expect(info.gitHash.isEmpty)
            info.gitHash = "unknown"
            let assessment = PeerInfoAssessment(of: info, own: own, previous: nil, receivedAt: sentAt, roundTrip: .zero)
            #expect(assessment.warnings.isEmpty)
            #expect(assessment.report?.client == "charon" && assessment.report?.clockOffset == .zero)
        }
    }

    @Test("what we send is what Charon v1.10 accepts")
    func announcement() throws {
        #expect(own.charonVersion == "v1.11.0" && own.client == "styx")
        #expect(try PeerInfo(wire: own.wireBytes()) == own)
        let wire = try WirePeerInfo(wire: own.wireBytes(), "PeerInfo")
        #expect(wire.lockHash.count == 32 && wire.dvClient == "styx" && wire.nickname == "swift")
        #expect(wire.sentAt.seconds == 1_700_000_000 && wire.sentAt.nanos == 123_456_789)
        #expect(PeerInfo(charonVersion: .v1_10, lockHash: .zero, startedAt: Self.now).charonVersion == "v1.10.3")
    }

    @Test("a relay's empty request decodes")
    func empty() throws {
        let info = try PeerInfo(wire: [])
        #expect(info.sentAt == nil && info.startedAt == nil && info.lockHash.isEmpty)
        #expect(assess(info) == assess(info) && assess(info).warnings == [.timestampsMissing])
        #expect(assess(info).report == nil)
    }

    @Test(
        "versions match Charon's expression",
        arguments: [
            ("v1.10.3", "v1.10"), ("v1.10", "v1.10"), ("v1.11.0-rc3", "v1.11"), ("v0.0-a-b", "v0.0"),
            ("v1.2.3-é", "v1.2"),
            ("v01.002.3", "v1.2"), ("1.10.3", nil), ("v1", nil), ("v1.", nil), ("v1.10.", nil), ("v1.10.3.4", nil),
            ("v1.10.3-", nil), ("v1.x", nil), ("v-1.2", nil), ("v1.+2", nil), ("v1.10-a\nb", nil), ("", nil),
            ("v", nil),
            ("v1.99999999999999999999", nil), ("V1.10.3", nil), (" v1.10.3", nil), ("v１.10", nil),
        ] as [(String, String?)])
    func versions(text: String, minor: String?) {
        #expect(CharonVersion(text)?.minorText == minor)
    }

    @Test("git hashes are seven lower-case hex digits or unknown")
    func gitHashes() {
        for good in ["0123abc", "unknown"] { #expect(PeerInfo.isGitHash(good)) }
        for bad in ["", "0123ab", "0123abcd", "0123ABC", "0123abg", "Unknown", "012３abc"] {
            #expect(!PeerInfo.isGitHash(bad))
            var answer = own
            answer.gitHash = bad
            #expect(assess(answer).report == nil && assess(answer).warnings == [.gitHashMalformed(bad)])
        }
    }

    @Test(
        "Charon's version must be known or newer; other clients' is not looked at",
        arguments: [
            ("v1.0.1", "", true), ("v1.10.3", "charon", true), ("v1.12.0", "", true), ("v2.0", "", true),
            ("v0.19.1", "", false),
            ("dev", "charon", false), ("dev", "pluto", true), ("v0.1", "styx", true),
        ] as [(String, String, Bool)])
    func support(version: String, client: String, isSupported: Bool) throws {
        var answer = own
        answer.charonVersion = version
        answer.client = client
        let assessment = assess(answer)
        let report = try #require(assessment.report)
        #expect(report.isSupported == isSupported && report.version == version)
        #expect(report.client == (client.isEmpty ? "charon" : client))
        #expect(assessment.warnings == (isSupported ? [] : [.versionUnsupported(version)]))
    }

    @Test(
        "the clock offset is measured at half the round trip and clamped to an hour",
        arguments: [
            (.zero, .zero, .zero), (.milliseconds(300), .zero, .milliseconds(300)),
            (.milliseconds(-50), .milliseconds(100), .zero), (.seconds(2), .seconds(2), .seconds(3)),
            (.seconds(3601), .zero, .seconds(3600)), (.seconds(-90_000), .zero, .seconds(-3600)),
        ] as [(Duration, Duration, Duration)])
    func clockOffset(ahead: Duration, roundTrip: Duration, offset: Duration) throws {
        var answer = own
        answer.sentAt = Self.now + ahead
        #expect(assess(answer, roundTrip: roundTrip).report?.clockOffset == offset)
        answer.sentAt = Instant(nanoseconds: ahead < .zero ? .min : .max)
        let extreme = try #require(assess(answer).report)
        #expect(extreme.clockOffset == .seconds(ahead < .zero ? -3600 : 3600))
    }

    @Test("what differs is named, and nothing is dropped")
    func differences() throws {
        var answer = own
        answer.lockHash = [9]
        answer.builderAPI = true
        answer.nickname = "new\u{1b}[31m" + String(repeating: "x", count: 60)
        let previous = assess(own).report
        let assessment = assess(answer, previous: previous)
        let shown = "new?[31m" + String(repeating: "x", count: 24)
        #expect(
            assessment.warnings == [
                .lockHashDiffers, .builderAPIDiffers(peer: true), .nicknameChanged(from: "swift", to: shown),
            ])
        #expect(assessment.report?.nickname == shown && assessment.report?.lockHashMatches == false)
        #expect(assess(own, previous: previous).warnings.isEmpty)
    }

    @Test(
        "a warning is a sentence",
        arguments: [
            (.builderAPIDiffers(peer: true), "the peer runs with --builder-api, and this node does not: agree on one"),
            (.builderAPIDiffers(peer: false), "this node runs with --builder-api, and the peer does not: agree on one"),
            (.lockHashDiffers, "the peer has another cluster lock: compare --lock-file with that operator"),
            (.nicknameChanged(from: "a", to: "b"), "the peer calls itself b now, no longer a"),
        ] as [(PeerWarning, String)])
    func sentences(warning: PeerWarning, text: String) {
        #expect("\(warning)" == text)
    }

    @Test(
        "timestamps beyond our range count as missing",
        arguments: [(Int64.max, 0), (.min, 0), (0, -1), (0, 1_000_000_000), (9_223_372_036, 999_999_999)]
            as [(Int64, Int32)])
    func timestamps(seconds: Int64, nanos: Int32) throws {
        var wire = try WirePeerInfo(wire: own.wireBytes(), "PeerInfo")
        wire.sentAt.seconds = seconds
        wire.sentAt.nanos = nanos
        #expect(try assess(PeerInfo(wire: wire.canonicalBytes())).warnings == [.timestampsMissing])
    }

    @Test("times before 1970 keep their nanoseconds")
    func negativeTimes() {
        for nanoseconds in [-1, -1_000_000_000, -1_500_000_000, Int64.min, .max, 0] as [Int64] {
            let instant = Instant(nanoseconds: nanoseconds)
            #expect(Instant(Google_Protobuf_Timestamp(instant)) == instant || nanoseconds == .min)
        }
    }

    @Test("malformed and oversized messages are refused", arguments: 0..<100 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let good = own.wireBytes()
        for _ in 0..<20 {
            var bytes = good
            bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: .min ... .max, using: &random)
            if let info = try? PeerInfo(wire: bytes) { #expect(assess(info).warnings.count <= 3) }
            if let info = try? PeerInfo(wire: random.bytes(Int.random(in: 1...100, using: &random))) {
                #expect(info.lockHash.count < 100)
            }
        }
        let limit = PeerInfo.messageBytesMax
        #expect(throws: MessageFault.oversized(bytes: limit + 1, limit: limit)) {
            try PeerInfo(wire: [UInt8](repeating: 0x0a, count: limit + 1))
        }
    }
}
