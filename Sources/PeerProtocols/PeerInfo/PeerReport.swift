import DutyWorkflow
import Ethereum
import SSZ

/// What we make of a peer's answer: the values of the peerinfo metrics. Text is a peer's, cut to size and printable.
package struct PeerReport: Hashable, Sendable {
    package var version: String
    /// False for versions we do not understand; Charon then looks at nothing else, and neither do we.
    package var isSupported: Bool
    package var gitHash: String
    package var startedAt: Instant
    package var builderAPI: Bool
    package var nickname: String
    /// `charon` when the peer says nothing.
    package var client: String
    /// How far the peer's clock is ahead of ours, within ±1 h.
    package var clockOffset: Duration
    package var lockHashMatches: Bool
    package var receivedAt: Instant
}

extension PeerReport {
    /// What others make of what we say ourselves.
    package init(own: PeerInfo, startedAt: Instant) {
        self.init(
            version: own.charonVersion, isSupported: true, gitHash: own.gitHash, startedAt: startedAt,
            builderAPI: own.builderAPI, nickname: own.nickname, client: own.client, clockOffset: .zero,
            lockHashMatches: true, receivedAt: startedAt)
    }
}

/// Something an operator may want to act on, about one peer.
package enum PeerWarning: Hashable, Sendable {
    case timestampsMissing
    case gitHashMalformed(String)
    case versionUnsupported(String)
    case lockHashDiffers
    case builderAPIDiffers(peer: Bool)
    case nicknameChanged(from: String, to: String)
    /// Its identity runs in two processes.
    case runsTwice(TwinWatch.Twins)
    /// It says that another process runs with our own identity.
    case ownTwin(startedAt: Instant)
}

extension PeerWarning: CustomStringConvertible {
    package var description: String {
        switch self {
        case .timestampsMissing: "the peer's answer lacks its time or its start"
        case .gitHashMalformed(let text): "the peer's git hash is none: \(text)"
        case .versionUnsupported(let version): "the peer's version \(version) does not fit this one"
        case .lockHashDiffers: "the peer has another cluster lock: compare --lock-file with that operator"
        case .builderAPIDiffers(peer: true): "the peer runs with --builder-api, and this node does not: agree on one"
        case .builderAPIDiffers(peer: false): "this node runs with --builder-api, and the peer does not: agree on one"
        case .nicknameChanged(let old, let new): "the peer calls itself \(new) now, no longer \(old)"
        case .runsTwice: "the peer's identity runs in two processes"
        case .ownTwin: "the peer says that this node's identity runs in two processes"
        }
    }
}

/// The receiver's rules of protocols.md §3 and operations.md §12. None of them drops a connection.
package struct PeerInfoAssessment: Hashable, Sendable {
    package static let clockOffsetMax = Duration.seconds(3600)

    /// Nil when the answer is to be ignored.
    package var report: PeerReport?
    package var warnings: [PeerWarning] = []

    /// - Parameters:
    ///   - answer: what the peer sent.
    ///   - own: what we send.
    ///   - previous: our last report on this peer.
    ///   - now: when the answer had been read.
    ///   - roundTrip: from just before our request was written to `now`.
    package init(
        of answer: PeerInfo, own: PeerInfo, previous: PeerReport?, receivedAt now: Instant, roundTrip: Duration
    ) {
        guard let sentAt = answer.sentAt, let startedAt = answer.startedAt else {
            warnings = [.timestampsMissing]
            return
        }
        guard PeerInfo.isGitHash(answer.gitHash) else {
            warnings = [.gitHashMalformed(Self.printable(answer.gitHash, charactersMax: 64))]
            return
        }
        let client = answer.client.isEmpty ? "charon" : Self.printable(answer.client, charactersMax: 32)
        var report = PeerReport(
            version: Self.printable(answer.charonVersion, charactersMax: 64), isSupported: true,
            gitHash: answer.gitHash, startedAt: startedAt, builderAPI: answer.builderAPI,
            nickname: Self.printable(answer.nickname, charactersMax: PeerInfo.nicknameCharactersMax), client: client,
            clockOffset: .zero, lockHashMatches: answer.lockHash == own.lockHash, receivedAt: now)
        // Other clients' version lines mean nothing to us.
        if client == "charon", !Self.isSupported(answer.charonVersion) {
            report.isSupported = false
            warnings = [.versionUnsupported(report.version)]
            self.report = report
            return
        }
        let offset = sentAt - (now - roundTrip / 2)
        report.clockOffset = min(max(offset, .zero - Self.clockOffsetMax), Self.clockOffsetMax)
        if !report.lockHashMatches { warnings.append(.lockHashDiffers) }
        if answer.builderAPI != own.builderAPI { warnings.append(.builderAPIDiffers(peer: answer.builderAPI)) }
        if let previous, previous.nickname != report.nickname {
            warnings.append(.nicknameChanged(from: previous.nickname, to: report.nickname))
        }
        self.report = report
    }

    /// Everything from v1.0 on, newer than ourselves included.
    private static func isSupported(_ text: String) -> Bool {
        CharonVersion(text).map { $0 >= .oldestSupported } ?? false
    }

    /// A peer's text for logs and metric labels.
    private static func printable(_ text: String, charactersMax: Int) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(charactersMax).map { $0.properties.generalCategory.isPrintable ? $0 : "?" }))
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isPrintable: Bool {
        switch self {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
