import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import SwiftProtobuf

/// What a node tells about itself: request and response of `/charon/peerinfo/2.0.0`. No protocol behaviour depends on
/// it. Source: protocols.md §3.
package struct PeerInfo: Hashable, Sendable {
    /// The name of our client family.
    package static let ownClient = "styx"
    package static let nicknameCharactersMax = 32
    /// Charon's limit since v1.11 is 1 MiB; a message has some hundred bytes.
    package static let messageBytesMax = 64 << 10

    package var charonVersion: String
    /// 32 bytes in a cluster; relays send none.
    package var lockHash: [UInt8]
    package var sentAt: Instant?
    /// Seven lower-case hex digits or `unknown`; Charon drops the rest of an answer with anything else.
    package var gitHash: String
    package var startedAt: Instant?
    package var builderAPI: Bool
    package var nickname: String
    /// Empty means `charon`.
    package var client: String
    /// When two processes were started that run with the identity of whom this is for. Ours alone: Charon neither says nor
    /// reads it.
    package var twins: [Instant] = []
    private static let twinsMax = 2

    package init(
        charonVersion: CharonVersion = .v1_11, lockHash: Root, sentAt: Instant? = nil, gitHash: String = "unknown",
        startedAt: Instant, builderAPI: Bool = false, nickname: String = "", client: String = ownClient
    ) {
        precondition(Self.isGitHash(gitHash) && nickname.count <= Self.nicknameCharactersMax)
        self.charonVersion = charonVersion.description
        self.lockHash = lockHash.bytes
        self.sentAt = sentAt
        self.gitHash = gitHash
        self.startedAt = startedAt
        self.builderAPI = builderAPI
        self.nickname = nickname
        self.client = client
    }

    /// `^[0-9a-f]{7}$` or `unknown`.
    package static func isGitHash(_ text: String) -> Bool {
        text == "unknown"
            || text.utf8.count == 7
                && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// - Parameter bytes: the protobuf, without its length prefix. Empty is valid: relays ask so.
    package init(wire bytes: [UInt8]) throws(MessageFault) {
        guard bytes.count <= Self.messageBytesMax else {
            throw .oversized(bytes: bytes.count, limit: Self.messageBytesMax)
        }
        let wire = try WirePeerInfo(wire: bytes, "PeerInfo")
        charonVersion = wire.charonVersion
        lockHash = Array(wire.lockHash)
        sentAt = wire.hasSentAt ? Instant(wire.sentAt) : nil
        gitHash = wire.gitHash
        startedAt = wire.hasStartedAt ? Instant(wire.startedAt) : nil
        builderAPI = wire.builderApiEnabled
        nickname = wire.nickname
        client = wire.dvClient
        twins = wire.twins.prefix(Self.twinsMax).compactMap { Instant($0) }
    }

    /// The protobuf, without its length prefix.
    package func wireBytes() -> [UInt8] {
        var wire = WirePeerInfo()
        wire.charonVersion = charonVersion
        wire.lockHash = Data(lockHash)
        if let sentAt { wire.sentAt = Google_Protobuf_Timestamp(sentAt) }
        wire.gitHash = gitHash
        if let startedAt { wire.startedAt = Google_Protobuf_Timestamp(startedAt) }
        wire.builderApiEnabled = builderAPI
        wire.nickname = nickname
        wire.dvClient = client
        wire.twins = twins.prefix(Self.twinsMax).map { Google_Protobuf_Timestamp($0) }
        return wire.canonicalBytes()
    }
}

extension Instant {
    /// Nil outside the years 1678 to 2262 or with nanoseconds outside a second.
    init?(_ timestamp: Google_Protobuf_Timestamp) {
        guard (0..<1_000_000_000).contains(timestamp.nanos) else { return nil }
        let (scaled, overflow) = timestamp.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowed) = scaled.addingReportingOverflow(Int64(timestamp.nanos))
        guard !overflow, !overflowed else { return nil }
        self.init(nanoseconds: sum)
    }
}

extension Google_Protobuf_Timestamp {
    init(_ instant: Instant) {
        self.init()
        seconds = instant.unixSeconds
        nanos = Int32(truncatingIfNeeded: instant.nanoseconds &- seconds &* 1_000_000_000)
    }
}
